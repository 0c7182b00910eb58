"""What a text that leaves the house may say (CUS-16)."""

import pytest

from guibin.contact.content import ContentFault, Finding, Placeholder, findings

AMOUNT, HOLDINGS, PLACEHOLDER, BRACE = (
    ContentFault.AMOUNT,
    ContentFault.HOLDINGS,
    ContentFault.PLACEHOLDER,
    ContentFault.BRACE,
)


@pytest.mark.parametrize(
    "text",
    [
        "【贵宾】验证码 {code}，5 分钟内有效。",
        "尊敬的{surname}{title}，{manager}将于 12 月 4 日 10:30 在{branch}恭候，详情请登录：{link}",
        "一元复始，万象更新，恭祝{surname}{title}新春快乐！",
        "祝您万事如意，百年好合，服务热线 95588",
        "Dear {title} {surname}, your manager calls on {day} at {time}.",
        "多元化服务，三维导航",
        "USD rates are shown after you log in",
    ],
)
def test_greetings_days_codes_and_telephone_numbers_may_leave(text: str) -> None:
    assert findings(text) == ()


@pytest.mark.parametrize(
    ("text", "fault", "said"),
    [
        ("您还可领取 300 元礼券", AMOUNT, "300 元"),
        ("满500,000.00元即可", AMOUNT, "500,000.00元"),
        ("满50万即可", AMOUNT, "50万"),
        ("满５０万元即可", AMOUNT, "５０万元"),
        ("满￥６００即可", AMOUNT, "￥６００"),
        ("满五十万元即可", AMOUNT, "五十万元"),
        ("only CNY 20 more", AMOUNT, "CNY 20"),
        ("only 20 yuan more", AMOUNT, "20 yuan"),
        ("送您{code}元", AMOUNT, "{code}元"),
        ("送您人民币{code}", AMOUNT, "人民币{code}"),
        ("您的资产有变动", HOLDINGS, "资产"),
        ("距离白金层级还差一点", HOLDINGS, "还差"),
        ("Your Balance has changed", HOLDINGS, "Balance"),
        ("您关心的{need}已安排", PLACEHOLDER, "{need}"),
        ("{ code }", PLACEHOLDER, "{ code }"),
        ("{}", PLACEHOLDER, "{}"),
        ("｛tier_amount｝", PLACEHOLDER, "｛tier_amount｝"),
        ("{code", BRACE, "{"),
        ("code}", BRACE, "}"),
    ],
)
def test_what_may_not_leave_is_found_where_it_stands(text: str, fault: ContentFault, said: str) -> None:
    assert findings(text) == (Finding(fault, text.index(said), len(said)),)


def test_all_faults_are_told_in_the_order_of_the_text() -> None:
    found = findings("{{gap}} 还差{amount}万元")  # a word within a place is no second fault
    assert [one.fault for one in found] == [BRACE, PLACEHOLDER, BRACE, HOLDINGS, AMOUNT, PLACEHOLDER]


def test_each_place_of_the_list_may_be_filled_in() -> None:
    assert findings(" ".join(f"{{{name}}}" for name in Placeholder)) == ()
