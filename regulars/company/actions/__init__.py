"""What the product can do with the company itself."""

from regulars.company.actions.agents import add_agents, change_agent, meet_agents, remove_agent
from regulars.company.actions.brand import BrandInput, remove_sample_data, set_brand, set_sample
from regulars.company.actions.catalogue import add_bare_products, add_products
from regulars.company.actions.places import Added, add_bare_stores, add_stores, change_store
from regulars.company.rules import AgentInput, ProductInput, StoreInput

__all__ = [
    "Added",
    "AgentInput",
    "BrandInput",
    "ProductInput",
    "StoreInput",
    "add_agents",
    "add_bare_products",
    "add_bare_stores",
    "add_products",
    "add_stores",
    "change_agent",
    "change_store",
    "meet_agents",
    "remove_agent",
    "remove_sample_data",
    "set_brand",
    "set_sample",
]
