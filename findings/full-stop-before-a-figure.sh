#!/usr/bin/env bash
# sentencex ends no Japanese or Chinese sentence before a figure, and no Khmer sentence at all.
source "$(dirname "$0")/common.sh"
install sentencex==1.0.32
check <<'PYTHON'
import sentencex

TEXTS = {
    "ja": ("事業は終了した。次の事業が始まった。", 2),
    "ja, a figure": ("事業は2014年に終了した。2015年に次の事業が始まった。", 1),
    "zh": ("项目结束。新项目开始。", 2),
    "zh, a figure": ("项目于2014年结束。2015年新项目开始。", 1),
    "en, a figure": ("The project ended in 2014. 2015 saw the next one.", 2),
    "km": ("ខ្ញុំទៅផ្សារ។ គាត់ទៅសាលា។", 1),
}
for name, (text, count) in TEXTS.items():
    found = list(sentencex.segment(name[:2], text))
    print(f"{name:13} {len(found)} of 2: {found}")
    assert len(found) == count, "it splits otherwise now"
PYTHON
