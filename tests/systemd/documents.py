"""The blocks of the documents that name this suite, as somebody finds them who reads from the top."""
import re

import box

ROOT = box.HERE.parent.parent
MARK = "<!-- run by tests/systemd -->"


def commands(document):
    """Every command below a mark, in the order of the document, without its comment; one for each line, and a line that ends in a
    backslash goes on in the next."""
    found = []
    for block in re.findall(rf"^{MARK}\n+```sh\n(.*?)^```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL):
        lines = re.sub(r"\\\n\s*", "", block).splitlines()
        found += [bare for line in lines if (bare := line.split(" #")[0].strip()) and not bare.startswith("#")]
    assert found, f"{document} has no block below {MARK}"
    return found


def prometheus(document):
    """What the document says about the configuration of Prometheus."""
    (block,) = re.findall(r"^```yaml\n(scrape_configs:.*?)^```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)
    return block
