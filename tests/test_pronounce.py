import pytest

from ivr import pronounce


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("您好，欢迎致电10086。", "您好，欢迎致电一零零八六。"),
        ("请按1", "请按一"),
        ("按*键返回", "按星号键返回"),
        ("以#结束", "以井号键结束"),
        ("GPRS20元套餐", "GPRS二十元套餐"),
        ("100元", "一百元"),
        ("105条", "一百零五条"),
        ("15天", "十五天"),
        ("2个月", "两个月"),
        ("2009年2月2日", "二零零九年二月二日"),
        ("24小时", "二十四小时"),
        ("0.1元", "零点一元"),
        ("95%", "百分之九十五"),
        ("1010元", "一千零一十元"),
        ("号码13800138000", "号码一三八零零一三八零零零"),
        ("五十八", "五十八"),
    ],
)
def test_digits_are_spelled_out_in_chinese(text: str, said: str) -> None:
    """Service numbers are read digit by digit, amounts as quantities, keys by their names."""
    assert pronounce.spoken(text, "zh-CN") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Welcome to 10086.", "Welcome to one zero zero eight six."),
        ("then press #.", "then press pound."),
        ("press * to go back", "press star to go back"),
        ("Dial 100, please", "Dial one zero zero, please"),
        ("20 yuan a month", "20 yuan a month"),
        ("a 6-digit password", "a 6-digit password"),
        ("1.5 GB", "1.5 GB"),
    ],
)
def test_digits_are_spelled_out_in_english(text: str, said: str) -> None:
    """Numbers are read digit by digit unless a unit follows; those the voice reads as amounts."""
    assert pronounce.spoken(text, "en") == said


def test_sentences_end_with_a_full_stop() -> None:
    """A fragment gets the stop that makes the voice end it; punctuation alone is no sentence."""
    assert pronounce.sentences("系统忙。请稍后再试，", "zh-CN") == ["系统忙。", "请稍后再试。"]
    assert pronounce.sentences("，请按", "zh-CN") == ["请按。"]
    assert pronounce.sentences("Sorry! ... Please wait", "en") == ["Sorry!", "Please wait."]


@pytest.mark.parametrize(
    ("characters", "plain", "said"),
    [
        ("一次", "yi1 ci4", "yi2 ci4"),
        ("一元", "yi1 yuan2", "yi4 yuan2"),
        ("第一次", "di4 yi1 ci4", "di4 yi1 ci4"),
        ("十一位", "shi2 yi1 wei4", "shi2 yi1 wei4"),
        ("按一或", "an4 yi1 huo4", "an4 yi1 huo4"),
        ("一月", "yi2 yue4", "yi1 yue4"),
        ("一", "yi1", "yi1"),
        ("不用", "bu4 yong4", "bu2 yong4"),
        ("不能", "bu4 neng2", "bu4 neng2"),
        ("余额为", "yu2 e2 wei4", "yu2 e2 wei2"),
        ("为五", "wei4 wu3", "wei2 wu3"),
        ("为这个", "wei4 zhe4 ge5", "wei4 zhe4 ge5"),
    ],
)
def test_tones_follow_their_neighbours(characters: str, plain: str, said: str) -> None:
    """一 and 不 change their tone as in speech; a digit, an ordinal or a date keeps its own."""
    assert pronounce.said_tones(characters, plain.split()) == said.split()


def test_each_language_of_a_text_has_its_voice() -> None:
    """A language choice speaks each name in its own language; abbreviations stay where they are."""
    assert pronounce.passages("英语服务，For English", "zh-CN") == [
        ("英语服务，", "zh-CN"),
        ("For English", "en"),
    ]
    assert pronounce.passages("Chinese service, 中文服务", "en") == [
        ("Chinese service, ", "en"),
        ("中文服务", "zh-CN"),
    ]
    assert pronounce.passages("GPRS套餐和VIP", "zh-CN") == [("GPRS套餐和VIP", "zh-CN")]
