"""How a prompt's text is read aloud: digits and keys in words, tones, names, who says what.

Pure text, standard library only; `ivr.speech` gives it a voice.
"""

import re

ZH, EN = "zh-CN", "en"

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


def letters(text: str) -> str:
    """Capitals that are not read as a word are read letter by letter: GPRS is G P R S."""

    def spell(match: re.Match[str]) -> str:
        if match[0] in _READ_AS_WORDS:
            return match[0].lower()
        return " ".join(_EN_LETTERS.get(letter, letter) for letter in match[0])

    return re.sub(r"\b[A-Z]{2,}\b", spell, text)


# Readings, and words that are to stay in one piece, which the dictionaries of jieba and pypinyin
# miss in this trade.
READINGS = {
    "重听": "chóng tīng",
    "重置": "chóng zhì",
    "重试": "chóng shì",
    "重发": "chóng fā",
    "重输": "chóng shū",
    "时长": "shí cháng",
    "还款": "huán kuǎn",
    "当月": "dāng yuè",
    "应付": "yīng fù",
    "应缴": "yīng jiǎo",
    "电子": "diàn zǐ",
    "操作得": "cāo zuò de",
    "一位一位地": "yī wèi yī wèi de",
    "井号键": "jǐng hào jiàn",
    "星号键": "xīng hào jiàn",
    "为您": "wèi nín",
    "为零": "wéi líng",
}
_AFTER_ONE = frozenset("小次位共项笔段下种样个天年元万千百亿兆条秒张起些直般定切边面致角")
"""What 一 is said in one breath with; before anything else it is the digit and keeps its tone."""
_NUMERALS = frozenset("零一二两三四五六七八九十百千万")


def said_tones(characters: str, syllables: list[str]) -> list[str]:
    """The syllables (`yi1`) with the tones that 一, 不 and 为 take from their neighbours.

    一 is yí before a fourth tone and yì before others (GB/T 16159), 不 is bú before a fourth tone;
    为 before a number or at the end is the wéi of 余额为.
    """
    said = list(syllables)
    for n, character in enumerate(characters):
        after = characters[n + 1] if n + 1 < len(characters) else ""
        fourth = bool(after) and syllables[n + 1].endswith("4")
        if character == "不" and fourth:
            said[n] = "bu2"
        elif character == "一" and after and after in "月日号":
            said[n] = "yi1"
        elif character == "一" and after in _AFTER_ONE:
            ordinal = n > 0 and (characters[n - 1] == "第" or characters[n - 1] in _NUMERALS)
            said[n] = "yi1" if ordinal else "yi2" if fourth or after == "个" else "yi4"
        elif character == "为" and (not after or after in _NUMERALS):
            said[n] = "wei2"
    return said


NAMES = {
    "Anhui": "ˈɑnhwˌA",
    "Chengdu": "ʧˈʌŋdˌu",
    "Chongqing": "ʧˈʊŋʧˈɪŋ",
    "Dalian": "dˈɑljˌɛn",
    "Easyown": "ˈiziˌOn",
    "Fetion": "fˈAʃˌɪn",
    "Fujian": "fˈuʤjˌɛn",
    "Gansu": "ɡˈɑnsˌu",
    "Guangdong": "ɡwˈɑŋdˌʊŋ",
    "Guangxi": "ɡwˈɑŋʃˌi",
    "Guangzhou": "ɡwˈɑŋʤˌO",
    "Guizhou": "ɡwˈAʤˌO",
    "Hainan": "hˈInˌɑn",
    "Hangzhou": "hˈɑŋʤˌO",
    "Hebei": "hˈʌbˌA",
    "Heilongjiang": "hˈAlʊŋʤjˌɑŋ",
    "Henan": "hˈʌnˌɑn",
    "Hubei": "hˈubˌA",
    "Jiangsu": "ʤjˈɑŋsˌu",
    "Jiangxi": "ʤjˈɑŋʃˌi",
    "Jilin": "ʤˈilˌɪn",
    "Liaoning": "ljˈWnˌɪŋ",
    "Nanjing": "nˈɑnʤˌɪŋ",
    "Ningbo": "nˈɪŋbwˌɔ",
    "Ningxia": "nˈɪŋʃjˌɑ",
    "Qingdao": "ʧˈɪŋdˌW",
    "Qinghai": "ʧˈɪŋhˌI",
    "Shaanxi": "ʃˌɑˈɑnʃˌi",
    "Shandong": "ʃˈɑndˌʊŋ",
    "Shanxi": "ʃˈɑnʃˌi",
    "Shenzhen": "ʃˈʌnʤˌʌn",
    "Sichuan": "sˈɪʧwˌɑn",
    "Suzhou": "sˈuʤˌO",
    "Tianjin": "tjˈɛnʤˌɪn",
    "Wuhan": "wˈuhˌɑn",
    "Xi'an": "ʃˈiˌɑn",
    "Xiamen": "ʃjˈɑmˌʌn",
    "Xinjiang": "ʃˈɪnʤjˌɑŋ",
    "Yunnan": "jˈunˌɑn",
    "Zhejiang": "ʤˈʌʤjˌɑŋ",
}
"""Names that English rules misread, in the phonetic alphabet of the voice (misaki's)."""


def passages(text: str, language: str) -> list[tuple[str, str]]:
    """The parts of a text in another language with that language: each has a voice of its own.

    Capitals (GPRS, VIP) are no English in a Chinese text: the Chinese voice spells them.
    """
    other = EN if language == ZH else ZH
    foreign = r"([A-Za-z]+[a-z][A-Za-z ,'-]*)" if language == ZH else r"([\u4e00-\u9fff，。、]+)"
    parts = re.split(foreign, text)
    return [(part, other if n % 2 else language) for n, part in enumerate(parts) if part.strip()]


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a text, each with the full stop that makes the voice end it well."""
    marks = r"(?<=[。！？])" if language == ZH else r"(?<=[.!?])\s+"
    stop = "。" if language == ZH else "."
    found = (sentence.strip().lstrip("，。、；：,.;: ") for sentence in re.split(marks, text))
    return [
        sentence if re.search(r"[。！？.!?]$", sentence) else sentence.rstrip("，、：；,:; ") + stop
        for sentence in found
        if any(character.isalnum() for character in sentence)
    ]
