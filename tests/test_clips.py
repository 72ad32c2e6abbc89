"""Which audio a version needs, worked out from a small model by hand."""

import dataclasses

from small_model import make_texts, small_model

from dialog.outcomes import UNVOICED
from menus.clips import UNVOICED_WORDS, clips, voiced
from menus.spoken import VOCABULARY
from menus.template import clip_path


def test_only_what_a_caller_can_hear() -> None:
    """Receipts, text-only roles and reasons, and nodes that no call reaches need no audio."""
    model = small_model()
    assert set(model.texts) - voiced(model) == {
        "help", "stopped", "list_hint", "receipt", "unheard", "unreached",
    }  # fmt: skip


def test_one_clip_for_each_segment_name_measure_and_word() -> None:
    """A text has a clip for each segment that has a sound, in every language, never twice."""
    found = list(clips(small_model()))
    paths = [clip.path for clip in found]
    assert len(paths) == len(set(paths))
    assert {c.path: c.text for c in found if "/balance_is." in c.path} == {
        clip_path("zh-CN", "balance_is", 0, "您的余额为"): "您的余额为",
        clip_path("zh-CN", "balance_is", 2, "，截至"): "，截至",
        clip_path("en", "balance_is", 0, "balance_is "): "balance_is ",
    }
    zh = {clip.path.split(".")[0] for clip in found if clip.language == "zh-CN"}
    assert {"zh-CN/name-gprs", "zh-CN/measure-day"} <= zh
    assert {f"zh-CN/say-{word}" for word in VOCABULARY["zh-CN"]} <= zh


def test_a_changed_text_is_a_new_file() -> None:
    """Changing one wording changes that clip's path and no other."""
    model = small_model()
    texts = {**model.texts, **make_texts(bye="再会")}
    before = {clip.path for clip in clips(model)}
    after = {clip.path for clip in clips(dataclasses.replace(model, texts=texts))}
    assert after - before == {clip_path("zh-CN", "bye", 0, "再会")}
    assert before - after == {clip_path("zh-CN", "bye", 0, "再见")}


def test_unvoiced_lists_agree() -> None:
    """What is never said on a call is named in one place each, and the model has roles for it."""
    assert "unknown_command" in UNVOICED
    assert {"help", "stopped", "list_hint"} <= UNVOICED_WORDS
