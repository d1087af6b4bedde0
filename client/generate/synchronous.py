"""The client is written once, with `async` and `await`; without them it is the one that waits."""

import re
from pathlib import Path

_NOTICE = "Made from {source} by `python -m client.generate`; not to be edited.\n"
_WORDS = (
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncByteStream\b", "SyncByteStream"),
    (r"\bAsync(Client|Jobs|JobSummary|Job|Handle|Learned|Predicting|Datasets|Networks|Weights|Webhooks|Transport)\b", r"\1"),
    (r"\bAsync(Iterator|Iterable|Generator)\b", r"\1"),
    (r"\b__a(iter|next|enter|exit)__\b", r"__\1__"),
    (r"\baclose\b", "close"),
    (r"\baiter_", "iter_"),
    (r"\baread\b", "read"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\baclosing\b", "closing"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\basyncio\.to_thread\(([\w.]+)(?:, )?", r"\1("),
    (r"\bimport asyncio\b", "import time"),
    (r"\bgradmill\.asynchronous\b", "gradmill.synchronous"),
)


def synchronous(source: Path) -> str:
    text = source.read_text()
    for pattern, replacement in _WORDS:
        text = re.sub(pattern, replacement, text)
    first, rest = text.split("\n", 1)
    notice = _NOTICE.format(source=f"asynchronous/{source.name}")
    if first.endswith('"""') and first.count('"""') == 2:
        return f'{first[:-3]}\n\n{notice}"""\n{rest}'
    return re.sub(r'"""\n', f'\n{notice}"""\n', text, count=1) if first.startswith('"""') else f'"""{notice}"""\n{text}'
