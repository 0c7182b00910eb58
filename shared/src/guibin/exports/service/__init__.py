"""Ask for a list, make its file, hand it over once."""

from guibin.exports.service.fetching import fetch, open_link
from guibin.exports.service.making import give_up, make
from guibin.exports.service.requesting import ListExporting, Wanted, request_export

__all__ = ["ListExporting", "Wanted", "fetch", "give_up", "make", "open_link", "request_export"]
