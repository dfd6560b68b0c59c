"""A small page that lists the answers, made from the OpenAPI document; nothing is loaded from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any


def docs_page(openapi: dict[str, Any]) -> str:
    """Write the list of answers as HTML."""
    rows = [
        _operation(path, method, operation)
        for path, methods in openapi.get("paths", {}).items()
        for method, operation in methods.items()
    ]
    title = escape(f"{openapi['info']['title']} {openapi['info']['version']}")
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}: HTTP answers</title><link rel=icon href=/static/icon.svg>"
        "<link rel=stylesheet href=/static/page.css></head><body class=docs><main>"
        f"<h1>{title}: HTTP answers</h1><p>GET is for everybody who reaches this page; POST writes to the operations "
        "log and needs the token. Machine-readable: <a href=/openapi.json>/openapi.json</a>. "
        "The page: <a href=/>/</a>.</p><table><thead><tr><th>path<th>query<th>answers</tr></thead><tbody>"
        f"{''.join(rows)}</tbody></table></main></body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    names = [
        f"<code>{escape(item['name'])}</code>" for item in operation.get("parameters", []) if item["in"] == "query"
    ]
    text = escape(operation.get("description", operation.get("summary", "")))
    return f"<tr><td><code>{escape(method.upper())} {escape(path)}</code><td>{', '.join(names)}<td>{text}</tr>"
