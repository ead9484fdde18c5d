"""Pages of connectors: importing files, and collecting events."""

from regulars.connectors.pages import imports as imports
from regulars.connectors.pages import snippet as snippet
