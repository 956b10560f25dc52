"""Tables to be filled in: ``--predict``."""

from __future__ import annotations

from types import MappingProxyType

_TABLE = {
    "input {shape}": "输入 {shape}",
    "settings": "设置",
    "output bytes": "输出字节数",
    "weight bytes": "权重字节数",
    "what does each layer take? put your numbers in": "每一层的代价是多少？请填入你的数字",
    "{right:number} right, {wrong:number} wrong, {left:number} still open": (
        "{right} 个正确，{wrong} 个错误，{left} 个待填"
    ),
    "All right. This is what it costs:": "全部正确。实际代价如下：",
    "Your numbers stand beside the right ones. This is what it costs:": (
        "你的数字旁边列出了正确的数字。实际代价如下："
    ),
    "To fill it in, run this with your numbers for the dots; what you leave as dots stays open:": (
        "填写方法：把省略号换成你的数字，再运行以下代码；仍为省略号的，留待以后填写："
    ),
    "To go on, run this with your numbers for what is not right yet:": (
        "继续：为尚未答对的各项填入你的数字，再运行以下代码："
    ),
    "{call} gives up and shows the numbers.": "{call} 表示放弃作答，并显示数字。",
    "Check": "检查",
    "Show the numbers": "显示数字",
    "Layers to fill in": "待填写的各层",
    "What it costs": "实际代价",
    "it is {value}": "应为 {value}",
}

_REFUSALS = {
    "the report is hidden until every number is right; prediction.reveal() shows it": (
        "所有数字都答对之前不显示报告；prediction.reveal() 可显示它"
    ),
    "{name} has no layer with parameters or MACs to ask for": "{name} 没有带参数或 MACs 的层，无可提问",
    "a prediction asks for {columns}; not for {column}": "预测表可以问 {columns}；不能问 {column}",
    "a prediction asks for {columns}; not for {column}; did you mean {near}?": (
        "预测表可以问 {columns}；不能问 {column}；是不是想写 {near}？"
    ),
    'prediction.fill takes a dict of layers and numbers, as {{"conv1": {{"params": 456}}}}': (
        'prediction.fill 需要由层与数字组成的字典，如 {{"conv1": {{"params": 456}}}}'
    ),
    "a prediction is about a report, not a {type}: cost(model, size) makes one": (
        "预测表针对一份报告，而不是 {type}：可用 cost(model, size) 得到"
    ),
    "a prediction asks about a forward run; leave the training step out": ("预测表问的是一次前向传播；请不要计训练步"),
    "a prediction needs a run that ends; this one stopped": "预测表需要一次完整的运行；这一次中途停止了",
    "a prediction scores nothing, so it is not checked under a grader; use sheet.check in graded cells": (
        "预测表不评分，因此不在自动评分时检查；请在评分单元格中使用 sheet.check"
    ),
}

_LINE = {
    "hide the numbers until you have filled them in; --columns then names what is asked for: {columns}": (
        "在你填好之前不显示数字；此时 --columns 指定要问的内容：{columns}"
    ),
    "--predict hides what --panel shows; give one of them": "--predict 隐藏的正是 --panel 所显示的；请只给出一个",
    "--predict asks about a forward run; leave --train out": "--predict 问的是一次前向传播；请去掉 --train",
    "--predict asks about one model; here are {number}": "--predict 针对一个模型；这里有 {number} 个",
    "--predict asks about layers; --compare shows conventions instead": (
        "--predict 问的是各层；--compare 显示的是计数约定"
    ),
}

PREDICTIONS = MappingProxyType({**_TABLE, **_REFUSALS, **_LINE})
