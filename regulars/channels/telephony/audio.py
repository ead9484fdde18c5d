"""Sound for the telephone: µ-law at 8 kHz, and prompts spoken by espeak-ng or read from recordings."""

import array
import hashlib
import io
import shutil
import subprocess
import sys
import wave
from dataclasses import dataclass, field
from pathlib import Path

RATE_HZ = 8000
FRAME_MS = 20
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000
SPEECH_TIMEOUT_S = 20
TEXT_MAX = 2000
KEPT_MAX = 500
_BIAS, _CLIP = 0x84, 32635


def mu_law(sample: int) -> int:
    """One 16-bit sample as a byte of µ-law (ITU-T G.711), by the usual segments.

    >>> mu_law(0), mu_law(-1), mu_law(32767), mu_law(-32768)
    (255, 127, 128, 0)
    """
    sign = 0x80 if sample < 0 else 0
    level = min(abs(sample), _CLIP) + _BIAS
    segment = level.bit_length() - 8
    return ~(sign | segment << 4 | level >> (segment + 3) & 0x0F) & 0xFF


_TABLE = bytes(mu_law(high - 65536 if high > 32767 else high) for high in range(65536))


def encoded(samples: "array.array[int]", rate_hz: int) -> bytes:
    """Samples of any rate as µ-law at 8 kHz; the nearest sample is good enough for speech.

    >>> encoded(array.array("h", [0] * 160), 16000) == bytes([255]) * 80
    True
    """
    count = len(samples) * RATE_HZ // rate_hz
    return bytes(_TABLE[samples[place * rate_hz // RATE_HZ] & 0xFFFF] for place in range(count))


def from_wave(content: bytes) -> bytes:
    """A WAV file of one channel and 16 bits as µ-law at 8 kHz. Raises ValueError for others."""
    with wave.open(io.BytesIO(content)) as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError("a recording has one channel and 16 bits")
        rate_hz = file.getframerate()
        # A program that writes to a pipe does not know its length, so all that is there is read.
        frames = file.readframes(len(content))
    samples = array.array("h", frames[: len(frames) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return encoded(samples, rate_hz)


@dataclass
class Voice:
    """Says texts: from a recording where there is one, else by espeak-ng. Sounds are kept.

    A recording is `<language>/<first 12 hexadecimal digits of the text's SHA-256>.wav`.
    """

    recordings: Path | None = None
    _kept: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def say(self, text: str, language: str) -> bytes:
        """The sound of a text as µ-law; empty where nothing can say it."""
        key = language, text[:TEXT_MAX]
        if key not in self._kept:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            self._kept[key] = self._recorded(*key) or _spoken(*key)
        return self._kept[key]

    def _recorded(self, language: str, text: str) -> bytes:
        if self.recordings is None:
            return b""
        path = self.recordings / language / f"{name_of(text)}.wav"
        return from_wave(path.read_bytes()) if path.is_file() else b""


def name_of(text: str) -> str:
    """The name of the recording of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def can_speak() -> bool:
    """Whether espeak-ng is here."""
    return shutil.which("espeak-ng") is not None


def _spoken(language: str, text: str) -> bytes:
    """The text goes in by the standard input, never as an argument: it holds what people wrote."""
    program = shutil.which("espeak-ng")
    if program is None:
        return b""
    voice = "ru" if language == "ru" else "en-us"
    done = subprocess.run(
        [program, "-v", voice, "-s", "150", "--stdin", "--stdout"],
        input=text.encode(),
        capture_output=True,
        timeout=SPEECH_TIMEOUT_S,
        check=False,
    )
    return from_wave(done.stdout) if done.returncode == 0 and done.stdout else b""
