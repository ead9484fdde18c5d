"""The demo company: a real grocer's year, imported by the product's own doors."""

from regulars.cli.demo.command import mount

__all__ = ["mount"]
