"""What the frame holds of people: nothing of customers."""

from regulars.core.holdings import of_staff

of_staff("one-time links that sign employees in, as hashes", "web_signinlink")
