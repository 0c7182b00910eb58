"""What the domain of products refuses."""

from guibin.core.errors import Category, Refusal


class ProductExists(Refusal):
    """The code is taken: it is never used for another product."""

    category = Category.CONFLICT
    code = "product_exists"
    zh = "产品代码已存在"
    en = "There is a product with this code"
