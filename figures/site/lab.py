"""The built lab inside the site: it is told where the site is, so that it links statements' pages.

The lab has `<meta name="site-root" content="">` for that. In a frame its links to pages open in the whole window.
"""

import re
from pathlib import Path

from distributional_view.errors import UserError

LAB = "figures/lab/lab.html"
PAGE = "lab/lab.html"
"""Its place in the site."""
NO_LAB = "<!doctype html>\n<html lang=en>\n<title>No lab</title>\n<p>This build of the site leaves out the lab.\n"
_ROOT = re.compile(r"""<meta name=["']?site-root["']? content(?:=["']["'])?(?=[\s/>])""")
_WHOLE_WINDOW = (
    '<script>addEventListener("click",e=>{const a=e.target.closest&&e.target.closest("a[href^=\'../\']");'
    'if(a)a.target="_top"},true)</script>'
)


def placed(root: Path) -> str:
    """The lab's page for the site.

    Args:
        root: the top of a checkout.

    Raises:
        UserError: if the lab is not built, or has no place for the site's address.
    """
    built = root / LAB
    if not built.is_file():
        raise UserError(f"{built}: is missing; `make lab` builds it, --without-lab leaves it out")
    text, places = _ROOT.subn('<meta name="site-root" content="../"', built.read_text(encoding="utf-8"), count=1)
    if not places:
        raise UserError(f'{built}: must have <meta name="site-root" content="">, which the site fills in')
    return text.replace("</head>", f"{_WHOLE_WINDOW}</head>", 1)
