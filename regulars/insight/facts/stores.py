"""The snapshot `stores`: places and web shops, with both names."""

from regulars.insight.lake.fact import Fact, facts

facts.add("stores")(
    Fact(
        name="stores",
        source="company_store",
        rows="SELECT id, code, name, coalesce(nullif(name_ru, ''), name) AS name_ru, kind FROM company_store",
        columns={
            "id": "int64",
            "code": "string",
            "name": "string",
            "name_ru": "string",
            "kind": "string",
        },
        day="",
    )
)
