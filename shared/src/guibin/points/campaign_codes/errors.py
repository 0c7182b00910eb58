"""What codes of campaigns say no to."""

from guibin.core.errors import Category, Refusal


class CodeUnknown(Refusal):
    """No campaign that runs now knows the code; too many of these close the entry of codes for a day."""

    category = Category.NOT_FOUND
    code = "code_unknown"
    zh = "活动码无效或活动未在进行"
    en = "No campaign that runs now knows this code"
    answers_a_guess = True


class CodeEntered(Refusal):
    """The customer has typed this code before."""

    category = Category.CONFLICT
    code = "code_entered"
    zh = "您已使用过该活动码"
    en = "You have entered this code before"
