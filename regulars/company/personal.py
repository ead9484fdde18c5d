"""What the company's own tables hold of people: employees, who are no customers here."""

from regulars.core.holdings import impersonal, of_staff

of_staff(
    "the people who work here",
    "company_agent",
    "company_employee",
    "company_employee_groups",
    "company_employee_stores",
    "company_employee_user_permissions",
)
impersonal(
    "the company itself and what it sells",
    "company_brand",
    "company_store",
    "company_category",
    "company_product",
)
