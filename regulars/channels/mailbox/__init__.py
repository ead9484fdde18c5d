"""The mailbox to which mail comes back: reports of what could not be delivered, and complaints."""
