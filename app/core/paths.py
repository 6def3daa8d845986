"""Path parameters that may hold any text."""

from starlette.convertors import Convertor, register_url_convertor


class _Text(Convertor[str]):
    """Like Starlette's `path`, whose dot stops at a line break."""

    regex = r"(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())
