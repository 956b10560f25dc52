"""What stands in and beside a chart."""

from __future__ import annotations

from types import MappingProxyType

CHARTS = MappingProxyType(
    {
        "{model}, input {shapes}: {amount:amount} {measure:text} by layer{rule:text}": (
            "{model}，输入 {shapes}：各层的{measure}，共 {amount}{rule}"
        ),
        "{model}, input {shapes}: {amount:amount} {measure:text} by type{rule:text}": (
            "{model}，输入 {shapes}：各类型的{measure}，共 {amount}{rule}"
        ),
        ", {convention}": "，{convention}",
        ", textbook": "，textbook",
        "{unit} a training step": "每个训练步的 {unit}",
        "{number:number} types": "{number} 种",
        "{number:number} more bar(s)": "{number} 条",
        "{number:number} more pair(s)": "{number} 对",
        "{number:number} more point(s)": "{number} 个点",
        "{number:number} other cause(s)": "其他 {number} 个原因",
        "and {rest:text}": "还有 {rest}",
        "Bar chart. {title:text}. {bars:text}.": "条形图。{title}。{bars}。",
        "Scatter chart. {title:text}. {points:text}.": "散点图。{title}。{points}。",
        "Waterfall chart. {title:text}. {steps:text}.": "瀑布图。{title}。{steps}。",
        "Nothing to show": "没有可显示的内容",
        "{models:text}: parameters and {unit:text}, each as a part of the largest": (
            "{models}：参数量与{unit}，均以最大者为 1"
        ),
        "{label} {params:amount} parameters, {work:amount} {unit:text}": "{label} 参数量 {params}，{work} {unit}",
        "{unit:text} against parameters, {models:text}": "{unit}与参数量，{models}",
        "{heading:text} (without {names}: not known)": "{heading}（不含 {names}：未知）",
        "{model}, input {shapes}: each convention's total, and its share of {ours}": (
            "{model}，输入 {shapes}：各计数约定的总数及其与 {ours} 之比"
        ),
        "a training step": "一个训练步",
        "the forward of a training step": "训练步的前向传播",
        "from {ours} to {theirs}": "从 {ours} 到 {theirs}",
        "{model}, input {shapes}: from {ours} to {theirs}": "{model}，输入 {shapes}：从 {ours} 到 {theirs}",
        "{model}, input {shapes}, a training step: from {ours} to {theirs}": (
            "{model}，输入 {shapes}，一个训练步：从 {ours} 到 {theirs}"
        ),
        "{model}, input {shapes}, the forward of a training step: from {ours} to {theirs}": (
            "{model}，输入 {shapes}，训练步的前向传播：从 {ours} 到 {theirs}"
        ),
    }
)
