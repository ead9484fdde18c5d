"""The snapshot `products`: what is sold, with its branch of the tree and that branch's trunk."""

from regulars.insight.lake.fact import Fact, facts

facts.add("products")(
    Fact(
        name="products",
        source="company_product",
        rows="""
            SELECT product.id, product.sku, product.name, branch.path AS category,
                   split_part(branch.path, '/', 1) AS department
            FROM company_product product
            LEFT JOIN company_category branch ON branch.id = product.category_id
        """,
        columns={
            "id": "int64",
            "sku": "string",
            "name": "string",
            "category": "string",
            "department": "string",
        },
        day="",
    )
)
