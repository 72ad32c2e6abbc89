import hashlib
import importlib.util
import io
import math
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from ivr import speech, studio, telephone
from ivr.manifest import (
    NAME,
    ClipEntry,
    Manifest,
    ManifestError,
    load_manifest,
    save_manifest,
)
from ivr.studio import Finding, PromptError, audit, build, tone_site
from menus.clips import Clip

EXTRA = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("numpy", "soxr", "onnxruntime")),
    reason="speech synthesis is not installed: pip install 'hotline[prompts]'",
)


def clip(text: str, language: str = "zh-CN", prompt: str = "welcome") -> Clip:
    """A clip named by the hash of its text."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Clip(language, f"{language}/{prompt}.0.{digest}.wav", text)


WELCOME = clip("您好，欢迎致电10086。")
BALANCE = clip("Your balance is", "en", "balance")


class Tones:
    """A synthesiser without speech: each text is a tone of its own."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def prepare(self) -> None:
        """Ready as it is."""

    def voice(self, language: str) -> str:
        """A name per language."""
        return f"tone-{language}"

    def samples(self, text: str, language: str) -> "array[int]":
        """0.2 s."""
        self.said.append(text)
        return telephone.tone(400 + 10 * (len(text) % 50), 200)


class Interrupted(Tones):
    """Ctrl-C while the n-th text is spoken."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def samples(self, text: str, language: str) -> "array[int]":
        """0.2 s, or the interrupt."""
        if len(self.said) == self.after:
            raise KeyboardInterrupt
        return super().samples(text, language)


def recording(samples: "array[int]", rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    """A WAV file of any format."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def put(prompts: Path, wanted: Clip, data: bytes, **changed: object) -> None:
    """Store a file under a clip's name with a manifest entry that is right but for `changed`."""
    file = prompts / wanted.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    entry = ClipEntry(wanted.text, "x", 300, "8000/16/1", hashlib.sha256(data).hexdigest())
    entries = {wanted.path: entry._replace(**changed)}  # type: ignore[arg-type]
    save_manifest(prompts, load_manifest(prompts).with_entries(entries))


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    """Level and code of each finding."""
    return [(found.level, found.code) for found in findings]


TONE = telephone.tone(440, 300)
SILENCE = array("h", bytes(2 * 8000))


def test_build_makes_what_is_missing_and_passes_its_own_audit(tmp_path: Path) -> None:
    """A build gives files in the telephone format and a manifest that the audit agrees with."""
    seen: list[tuple[int, int, Clip]] = []
    report = build(
        tmp_path,
        [WELCOME, BALANCE, WELCOME],
        synthesiser=Tones(),
        progress=lambda *step: seen.append(step),
    )
    assert report.made == (BALANCE.path, WELCOME.path)
    assert report.audio_ms == 400
    assert seen == [(1, 2, BALANCE), (2, 2, WELCOME)]
    assert audit(tmp_path, [WELCOME, BALANCE]) == []
    entry = load_manifest(tmp_path).clips[WELCOME.path]
    assert entry[:4] == (WELCOME.text, "tone-zh-CN", 200, "8000/16/1")


def test_build_again_changes_nothing(tmp_path: Path) -> None:
    """A second build speaks nothing and leaves every byte as it is."""
    build(tmp_path, [WELCOME, BALANCE], synthesiser=Tones())
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    again = Tones()
    report = build(tmp_path, [BALANCE, WELCOME], synthesiser=again)
    assert (report.made, report.kept) == ((), (BALANCE.path, WELCOME.path))
    assert again.said == []
    assert before == {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}


def test_a_changed_text_is_a_new_file(tmp_path: Path) -> None:
    """The audio of the old wording stays for the versions that still play it."""
    build(tmp_path, [WELCOME], synthesiser=Tones())
    newer = clip("您好，欢迎您！")
    build(tmp_path, [newer], synthesiser=Tones())
    assert set(load_manifest(tmp_path).clips) == {WELCOME.path, newer.path}
    assert codes(audit(tmp_path, [newer])) == [("info", "clip_unused")]


def test_several_processes_give_the_same_bytes(tmp_path: Path) -> None:
    """The number of processes changes neither the audio nor the manifest."""
    wanted = [clip("好" * n, prompt=f"p{n}") for n in range(1, 20)]
    build(tmp_path / "one", wanted, synthesiser=Tones(), jobs=1)
    build(tmp_path / "two", wanted, synthesiser=Tones(), jobs=2)
    one, two = ((tmp_path / name / NAME).read_bytes() for name in ("one", "two"))
    assert one == two
    assert audit(tmp_path / "two", wanted) == []


@pytest.mark.parametrize("after", [0, 1, 24, 25, 26, 39])
def test_ctrl_c_keeps_what_is_done(tmp_path: Path, after: int) -> None:
    """An interrupted build leaves whole files, each in the manifest; the next one goes on."""
    wanted = [clip("好" * n, prompt=f"p{n}") for n in range(1, 41)]
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, wanted, synthesiser=Interrupted(after))
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert files - {NAME} == set(load_manifest(tmp_path).clips)
    assert len(files) == after + 1
    report = build(tmp_path, wanted, synthesiser=Tones())
    assert (len(report.kept), len(report.made)) == (after, 40 - after)
    assert audit(tmp_path, wanted) == []


def test_a_recording_under_the_clips_name_is_taken_in(tmp_path: Path) -> None:
    """Audio that a person put there replaces synthesis and enters the manifest as recorded."""
    data = telephone.wav_bytes(TONE)
    (tmp_path / "zh-CN").mkdir()
    (tmp_path / WELCOME.path).write_bytes(data)
    assert codes(audit(tmp_path, [WELCOME])) == [("error", "not_in_manifest")]
    report = build(tmp_path, [WELCOME], synthesiser=Tones())
    assert report.adopted == (WELCOME.path,)
    assert (tmp_path / WELCOME.path).read_bytes() == data
    assert load_manifest(tmp_path).clips[WELCOME.path].voice == studio.RECORDED


def test_build_leaves_a_faulty_file_and_says_so(tmp_path: Path) -> None:
    """A clip in the wrong format is never overwritten: the report names it."""
    data = recording(TONE, rate=44100)
    put(tmp_path, WELCOME, data)
    other = clip("再见", prompt="bye")
    (tmp_path / other.path).write_bytes(b"ID3\x03 an MP3")
    report = build(tmp_path, [WELCOME, other], synthesiser=Tones())
    assert sorted(found.code for found in report.faulty) == ["wrong_format", "wrong_format"]
    assert report.made == ()
    assert (tmp_path / WELCOME.path).read_bytes() == data


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ([clip("。，！")], "nothing to say"),
        ([clip("  ")], "nothing to say"),
        ([WELCOME, WELCOME._replace(text="别的")], "two texts"),
        ([WELCOME._replace(path="zh-CN/../x.wav")], "not a clip's path"),
        ([WELCOME._replace(path="/zh-CN/x.wav")], "not a clip's path"),
        ([WELCOME._replace(language="en")], "not a clip's path"),
        ([WELCOME._replace(path="zh-CN/x.mp3")], "not a clip's path"),
    ],
)
def test_clips_that_cannot_be_made_are_refused(
    tmp_path: Path, wanted: list[Clip], why: str
) -> None:
    """Nothing is written when one of the clips asked for can't be one."""
    with pytest.raises(PromptError, match=why):
        build(tmp_path, wanted, synthesiser=Tones())
    assert list(tmp_path.iterdir()) == []


def test_key_symbols_alone_can_be_spoken(tmp_path: Path) -> None:
    """`*` and `#` are keys with names, not punctuation."""
    assert build(tmp_path, [clip("*"), clip("#", prompt="h")], synthesiser=Tones()).made


LOUD = array("h", (min(32767, max(-32768, 8 * sample)) for sample in TONE))


@pytest.mark.parametrize(
    ("data", "found", "says"),
    [
        (telephone.wav_bytes(TONE), [], ""),
        (recording(TONE, rate=44100), [("error", "wrong_format")], "44100 Hz, 16 bit, mono"),
        (recording(TONE, rate=16000), [("error", "wrong_format")], "16000 Hz"),
        (recording(TONE, channels=2), [("error", "wrong_format")], "stereo"),
        (recording(TONE, width=1), [("error", "wrong_format")], "8 bit"),
        (b"\xff\xfb\x90\x00" * 40, [("error", "wrong_format")], "an MP3 file"),
        (b"ID3\x04" + bytes(40), [("error", "wrong_format")], "an MP3 file"),
        (b"\x30\x26\xb2\x75" + bytes(40), [("error", "wrong_format")], "a WMA file"),
        (b"\x08\x80" * 40, [("error", "wrong_format")], "without a WAV header"),
        (b"", [("error", "wrong_format")], "an empty file"),
        (telephone.wav_bytes(TONE)[:-7], [("error", "wrong_format")], "ends before"),
        (telephone.wav_bytes(TONE)[:20], [("error", "wrong_format")], "damaged"),
        (telephone.wav_bytes(array("h")), [("error", "no_sound")], "0 ms"),
        (telephone.wav_bytes(SILENCE), [("error", "no_sound")], "silent"),
        (
            telephone.wav_bytes(LOUD),
            [("warning", "clipping"), ("warning", "too_loud")],
            "full scale",
        ),
        (
            telephone.wav_bytes(array("h", (sample // 8 for sample in TONE))),
            [("warning", "too_quiet")],
            "18 dB quieter",
        ),
        (
            telephone.wav_bytes(SILENCE + TONE + SILENCE),
            [("warning", "silence_after"), ("warning", "silence_before")],
            "1000 ms",
        ),
    ],
)
def test_audit_hears_what_is_wrong(
    tmp_path: Path, data: bytes, found: list[tuple[str, str]], says: str
) -> None:
    """Each fault of a recording has its own finding, in words that name it."""
    put(tmp_path, WELCOME, data)
    findings = audit(tmp_path, [WELCOME])
    assert codes(findings) == found
    assert not findings or says in findings[0].message


@pytest.mark.parametrize(
    ("tag", "name"), [(6, "A-law"), (7, "mu-law"), (0x11, "IMA ADPCM"), (0x17, "VOX")]
)
def test_audit_names_the_coding_of_a_wav_file(tmp_path: Path, tag: int, name: str) -> None:
    """A WAV file that is not linear PCM is told by its format tag."""
    data = bytearray(telephone.wav_bytes(TONE))
    data[20:22] = tag.to_bytes(2, "little")
    put(tmp_path, WELCOME, bytes(data))
    (finding,) = audit(tmp_path, [WELCOME])
    assert finding.code == "wrong_format"
    assert name in finding.message


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"text": "欢迎"}, "text_differs"), ({"sha256": "0" * 64}, "audio_differs")],
)
def test_audit_compares_with_the_manifest(
    tmp_path: Path, changed: dict[str, object], code: str
) -> None:
    """A manifest that says another text or other audio is an error."""
    put(tmp_path, WELCOME, telephone.wav_bytes(TONE), **changed)
    assert codes(audit(tmp_path, [WELCOME])) == [("error", code)]


def test_audit_finds_missing_and_foreign_files(tmp_path: Path) -> None:
    """A clip without audio is an error, and so is audio that nothing can play."""
    build(tmp_path, [BALANCE], synthesiser=Tones())
    (tmp_path / "zh-CN").mkdir()
    (tmp_path / "zh-CN" / "welcome.MP3").write_bytes(b"ID3")
    (tmp_path / "zh-CN" / "notes.txt").write_text("not audio")
    findings = audit(tmp_path, [WELCOME, BALANCE])
    assert [(found.code, found.path) for found in findings] == [
        ("clip_missing", WELCOME.path),
        ("wrong_format", "zh-CN/welcome.MP3"),
    ]
    assert WELCOME.text in findings[0].message


def test_audit_of_an_empty_folder(tmp_path: Path) -> None:
    """A site without prompts gives findings, not an error."""
    assert codes(audit(tmp_path / "none", [WELCOME])) == [("error", "clip_missing")]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"format": 2, "clips": {}}',
        '{"format": 1}',
        '{"format": 1, "clips": {"a": {"text": "x"}}}',
        '{"format": 1, "clips": {"a": 3}}',
        '{"format":1,"clips":{"a":{"text":"","voice":"","ms":"9","wav":"","sha256":""}}}',
    ],
)
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    """What is not a manifest stops a build before it writes, and is one finding of the audit."""
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ManifestError):
        load_manifest(tmp_path)
    with pytest.raises(ManifestError):
        build(tmp_path, [WELCOME], synthesiser=Tones())
    assert audit(tmp_path, [])[0].code == "manifest_broken"


def test_manifest_round_trip_is_stable(tmp_path: Path) -> None:
    """Entries come back as they were, and their order does not change the file."""
    first, second = ClipEntry("一", "v", 1, "w", "s"), ClipEntry("二", "v", 2, "w", "s")
    manifest = Manifest({"b": second, "a": first})
    save_manifest(tmp_path, manifest)
    data = (tmp_path / NAME).read_bytes()
    assert load_manifest(tmp_path) == manifest
    save_manifest(tmp_path, Manifest({"a": first, "b": second}))
    assert (tmp_path / NAME).read_bytes() == data
    assert manifest.ms("b") == 2
    assert "c" not in manifest


def test_tone_site_has_a_tone_for_every_clip(tmp_path: Path) -> None:
    """The test prompts pass the audit, and each clip is told by the frequency it was given."""
    wanted = [clip("好" * n, prompt=f"p{n}") for n in range(1, 31)]
    tones = tone_site(tmp_path, wanted)
    assert len(set(tones.values())) == len(wanted)
    assert audit(tmp_path, wanted) == []
    for path, hertz in tones.items():
        samples = telephone.read_wav((tmp_path / path).read_bytes())
        rises = sum(1 for a, b in pairwise(samples) if a < 0 <= b)
        assert telephone.duration_ms(samples) == 300
        assert rises == pytest.approx(hertz * 0.3, abs=2)


def test_active_level_leaves_pauses_out() -> None:
    """A pause inside a recording does not make its speech count as quieter."""
    alone = telephone.active_dbfs(TONE)
    assert alone == pytest.approx(telephone.TARGET_DBFS, abs=0.1)
    assert telephone.active_dbfs(TONE + SILENCE + TONE) == pytest.approx(alone, abs=0.1)
    assert telephone.active_dbfs(SILENCE) == -math.inf


def test_unknown_language_has_no_voice() -> None:
    """A language without a voice is one clear sentence."""
    with pytest.raises(speech.SpeechError, match="No voice speaks fr"):
        speech.Kokoro().voice("fr")


@EXTRA
def test_to_telephone_trims_and_levels() -> None:
    """Audio of any rate and level comes out at the house level with short, even silences."""
    import numpy as np

    time = np.arange(24000) / 24000
    burst = np.sin(2 * np.pi * 500 * time) * np.where((time * 10) % 2 < 1, 0.02, 0.002)
    audio = np.concatenate([np.zeros(12000), burst, np.zeros(30000)])
    samples = telephone.to_telephone(audio, 24000)
    assert telephone.active_dbfs(samples) == pytest.approx(telephone.TARGET_DBFS, abs=0.5)
    lead, tail = telephone.silence_ms(samples)
    assert lead == pytest.approx(telephone.LEAD_MS, abs=10)
    assert tail == pytest.approx(telephone.TAIL_MS, abs=10)
    assert max(map(abs, samples)) <= 32768 * 10 ** (telephone.CEILING_DBFS / 20) + 1
    with pytest.raises(ValueError, match="no sound"):
        telephone.to_telephone(np.zeros(24000), 24000)


@EXTRA
def test_speech_is_deterministic_and_passes_the_audit(tmp_path: Path) -> None:
    """Both voices speak their language; the same text gives the same bytes with any threads."""
    voices = speech.user_cache() / "voices"
    if not all((voices / f"{name}.bin").exists() for name in speech.VOICES.values()):
        pytest.skip("the voices are not fetched yet: hotline prompts build")
    wanted = [WELCOME, BALANCE, clip("元", prompt="yuan"), clip("GPRS套餐", prompt="gprs")]
    one, two = tmp_path / "one", tmp_path / "two"
    build(one, wanted, synthesiser=speech.Kokoro(threads=1))
    build(two, wanted, synthesiser=speech.Kokoro(threads=2))
    assert (one / NAME).read_bytes() == (two / NAME).read_bytes()
    assert audit(one, wanted) == []
    assert load_manifest(one).ms(WELCOME.path) > 1500
