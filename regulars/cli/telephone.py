"""`regulars telephone`: answers calls itself and asks surveys by keypad."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from regulars.cli.console import prepare, speech, stop


def mount(app: typer.Typer) -> None:
    """Add `telephone`."""

    @app.command()
    def telephone(
        host: Annotated[str, typer.Option(help="This machine's address as callers see it.")],
        port: Annotated[int, typer.Option(help="UDP port of SIP.")] = 5060,
        code: Annotated[
            str, typer.Option(help="The survey's code, where the number dialled is not one itself.")
        ] = "",
        recordings: Annotated[
            Path | None, typer.Option(help="Folder of recorded prompts, one folder a language.")
        ] = None,
        language: Annotated[str, typer.Option(help="Language of the first question.")] = "",
    ) -> None:
        """Answer calls over SIP and ask the survey whose code was dialled, by keypad."""
        prepare()
        from regulars.channels.telephony.agent import Agent, Patience, answer_calls
        from regulars.channels.telephony.audio import Voice, can_speak
        from regulars.feedback.telephone import SurveyByTelephone

        if not can_speak() and recordings is None:
            stop("prompts need espeak-ng, or a folder of recordings")

        async def run() -> int:
            until = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, until.set)
            script = SurveyByTelephone(code=code, language=language)
            agent = Agent(script, Voice(recordings), host=host, patience=Patience())
            speech.print(f"answering calls at sip:<code>@{host}:{port}")
            return await answer_calls(agent, port=port, until=until)

        speech.print(f"{asyncio.run(run())} calls taken")
