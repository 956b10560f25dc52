"""The magic: its help, its options, and what it says of a line it cannot follow."""

from __future__ import annotations

from types import MappingProxyType

_DESCRIPTION = {
    """\
What a PyTorch CNN costs: parameters, MACs and FLOPs of each layer, and the formulas behind them.

Above a cell it runs the cell, and takes the model that the last line names, or the only one that the cell
makes:

    %%cnncost -i 3,224,224
    class Net(nn.Module): ...
    net = Net()

In a line the model is named:

    %cnncost net -i 3,224,224
    %cnncost torchvision.models.resnet50() -i 3,224,224
    report = %cnncost nets["small"] -i 8,3,32,32 --train

Several models are compared: two layer by layer, more by their totals:

    %cnncost net_a net_b -i 3,224,224
    %cnncost small medium large -i 3,224,224 --view both

More examples:

    %cnncost net                             an input of a usual size is assumed, and said
    %cnncost net -i 3,32,32 -b 64            a batch of 64
    %cnncost net -i 3,64,64 -i 10            two inputs
    %cnncost net -i image=3,64,64 -i mask=1,64,64
    %cnncost net -i $x.shape                 the shape of the tensor x
    %cnncost net -d 2 -s flops -n 10         the ten costliest blocks, no deeper than two levels
    %cnncost net --view both                 the table and a bar chart
    %cnncost net --panel                     an interactive panel, to explore and to change
    %cnncost net --predict                   a table to fill in, with the numbers hidden until it is
    %cnncost net --train --optimizer adam    a whole training step
    %cnncost net -c macs -o report -q        keep the report, show nothing
    %cnncost net -c thop                     count as another tool does, to the digit
    %cnncost net --compare                   every convention side by side, and why they differ
    %cnncost net --rule batch_norm=2 --rule bias_additions=1
    %cnncost net_a net_b -s params -n 10     the ten layers whose parameters differ most
    %cnncost net_a net_b --train             their training steps, layer by layer

The result is the report: _ holds it afterwards, or `report = %cnncost net`, or -o. It answers more:
report.explain("conv1"), report.by_type(), report.to_pandas(), report.diff(other). The result of several models is
their comparison: comparison.difference, comparison.plot(), comparison.to_csv(). Of two models -d, -s, -n and --columns
say how the difference is shown; its columns are params, frozen, macs, integer_macs, flops and count, with --train also
step and its parts. Of more, -s sorts the models. With --panel the result is the panel: panel.report is what it shows,
panel.state what was made of it; -o keeps the report. With --predict the result, which -o keeps, is the prediction:
prediction.fill(numbers) checks them, prediction.reveal() shows what is right, and then there is prediction.report.
`%config CnnCostMagics` sets the defaults.
""": """\
一个 PyTorch CNN 的代价：每一层的参数量、MACs 与 FLOPs，以及每个数字背后的公式。

写在单元格上方时，先运行该单元格，再取最后一行所指的模型，或单元格中生成的唯一模型：

    %%cnncost -i 3,224,224
    class Net(nn.Module): ...
    net = Net()

写成一行时，指明模型：

    %cnncost net -i 3,224,224
    %cnncost torchvision.models.resnet50() -i 3,224,224
    report = %cnncost nets["small"] -i 8,3,32,32 --train

多个模型会互相比较：两个模型逐层比较，更多的模型比较总数：

    %cnncost net_a net_b -i 3,224,224
    %cnncost small medium large -i 3,224,224 --view both

更多例子：

    %cnncost net                             假定一个常用尺寸的输入，并予以说明
    %cnncost net -i 3,32,32 -b 64            批量大小为 64
    %cnncost net -i 3,64,64 -i 10            两个输入
    %cnncost net -i image=3,64,64 -i mask=1,64,64
    %cnncost net -i $x.shape                 张量 x 的形状
    %cnncost net -d 2 -s flops -n 10         代价最大的十个块，最深展开两级
    %cnncost net --view both                 表格与条形图
    %cnncost net --panel                     交互式面板，可逐层查看、试改设置
    %cnncost net --predict                   一张待填写的表格，填好之前不显示数字
    %cnncost net --train --optimizer adam    整个训练步
    %cnncost net -c macs -o report -q        保存报告，不显示
    %cnncost net -c thop                     照另一个工具的方式计数，逐位相同
    %cnncost net --compare                   所有计数约定并列，以及它们不同的原因
    %cnncost net --rule batch_norm=2 --rule bias_additions=1
    %cnncost net_a net_b -s params -n 10     参数量相差最大的十层
    %cnncost net_a net_b --train             两者的训练步，逐层比较

结果是一份报告：之后可用 _ 取得，也可写 `report = %cnncost net` 或用 -o 保存。它还能回答更多问题：
report.explain("conv1")、report.by_type()、report.to_pandas()、report.diff(other)。多个模型的结果是
它们的比较：comparison.difference、comparison.plot()、comparison.to_csv()。对两个模型，-d、-s、-n 与 --columns
决定差异如何显示；可用的列有 params、frozen、macs、integer_macs、flops 与 count，加 --train 时还有
step 及其各部分。对更多模型，-s 决定模型的次序。加 --panel 时结果是面板：panel.report 是它所显示的报告，
panel.state 是你在其中所做的选择；-o 保存的是报告。加 --predict 时结果是预测表，-o 保存的也是它：
prediction.fill(numbers) 检查你的数字，prediction.reveal() 显示正确的数字，之后还有 prediction.report。
`%config CnnCostMagics` 设置默认值。
""",
    "positional arguments": "位置参数",
    "optional arguments": "选项",
    "options": "选项",
}

_OPTIONS = {
    "the model, instead of -m; several are compared": "模型，可代替 -m；给出多个则互相比较",
    "the input's shape, 1,3,224,224 or 1x3x224x224; 3,224,224 is one image. Repeat it for more inputs; "
    "NAME=SHAPE for a keyword argument of forward. Without it the usual sizes are tried.": (
        "输入的形状，1,3,224,224 或 1x3x224x224；3,224,224 表示一幅图像。有多个输入时重复给出；"
        "forward 的关键字参数写成 NAME=SHAPE。不给出时尝试常用尺寸。"
    ),
    "the model: a name or an expression, such as nets['a'] or Net(10). Repeat it to compare models.": (
        "模型：名称或表达式，如 nets['a'] 或 Net(10)。重复给出则比较各模型。"
    ),
    "keep the report, or the comparison, in this variable": "把报告（或比较结果）保存在这个变量中",
    "the batch size": "批量大小",
    "the input's dtype, such as float16 or int64; for several inputs one, or one for each: float32,int64": (
        "输入的 dtype，如 float16 或 int64；有多个输入时给一个，或每个输入各给一个：float32,int64"
    ),
    "what counts as what: {names}": "计数约定：{names}",
    "count a kind otherwise: batch_norm=2 (per output element), batch_norm=folded, bias_additions=1, "
    "dot_products=-1 (2n − 1), comparisons=0, specials=10, or a formula's text. Repeat it for more.": (
        "改变某类运算的计数：batch_norm=2（每个输出元素）、batch_norm=folded、bias_additions=1、"
        "dot_products=-1（2n − 1）、comparisons=0、specials=10，或公式文本。可重复给出。"
    ),
    "every convention side by side, and why they differ, instead of the layers": (
        "不显示各层，而是并列所有计数约定及其不同的原因"
    ),
    "fold everything deeper than this; all for every level": "折叠比这一级更深的内容；all 表示展开所有级",
    "the largest first, by {columns}": "从大到小排序，可按 {columns}",
    "show this many rows, the others as one; all for all": "显示这么多行，其余合为一行；all 表示全部",
    "the columns to show: {columns}": "要显示的列：{columns}",
    "an interactive panel, to explore the layers and to see what changes would cost": (
        "交互式面板，可逐层查看，并看到改动会带来多少代价"
    ),
    "table, chart or both": "表格（table）、图（chart）或两者（both）",
    "run it in eval (the default) or train mode, or the same as it stands": (
        "在 eval（默认）或 train 模式下运行，或用 same 保持原样"
    ),
    "a training step: forward, backward and optimizer, in train mode (--mode train alone counts a forward in it)": (
        "一个训练步：前向传播、反向传播与优化器，在 train 模式下（只写 --mode train 则计该模式下的一次前向传播）"
    ),
    "the optimizer of a training step: {names}": "训练步的优化器：{names}",
    "let a training step compute the gradient of the model's input, too": "让训练步也计算模型输入的梯度",
    "run a copy for real, for a forward that depends on values": "实际运行模型的一个副本，用于 forward 依赖数值的模型",
    "show nothing; the report still is returned, or kept by -o": "不显示；报告仍会返回，或由 -o 保存",
    "the language of tables, charts and messages: {names}": "表格、图与消息的语言：{names}",
}

_CONFIG = {
    "What counts as what, as -c.": "计数约定，同 -c。",
    "Rules of your own, comma separated, as --rule: batch_norm=2, comparisons=0.": (
        "自定规则，以逗号分隔，同 --rule：batch_norm=2, comparisons=0。"
    ),
    "Fold what is deeper, as -d.": "折叠更深的内容，同 -d。",
    "Sort by this column, as -s.": "按这一列排序，同 -s。",
    "How many rows to show, as -n.": "显示多少行，同 -n。",
    "The columns to show, comma separated, as --columns.": "要显示的列，以逗号分隔，同 --columns。",
    "Table, chart or both, as --view.": "表格、图或两者，同 --view。",
    "The mode the model runs in, as --mode.": "模型运行的模式，同 --mode。",
    "A training step's optimizer, as --optimizer.": "训练步的优化器，同 --optimizer。",
    "The batch size, as -b.": "批量大小，同 -b。",
    "The input's dtype, as --dtype.": "输入的 dtype，同 --dtype。",
    "Show one model's report as an interactive panel, as --panel.": "以交互式面板显示单个模型的报告，同 --panel。",
    "Show nothing, as -q.": "不显示，同 -q。",
    "The language of tables, charts and messages, as --lang.": "表格、图与消息的语言，同 --lang。",
    "nbcnncost.json cannot be read: {error}": "无法读取 nbcnncost.json：{error}",
    'nbcnncost.json holds settings by their names, as {{"lang": "zh"}}, not {given}': (
        'nbcnncost.json 中应为按名称给出的设置，如 {{"lang": "zh"}}，不能是 {given}'
    ),
    "%config: {error:text}; the defaults are used instead": "%config：{error}；改用默认值",
}

_LINE = {
    "--out {name} would replace the model itself; choose another name": "--out {name} 会覆盖模型本身；请另选一个名称",
    "%%cnncost cannot await: put the await into a cell of its own, and use %cnncost below it": (
        "%%cnncost 不能 await：请把 await 放进单独的单元格，再在下面用 %cnncost"
    ),
    "--panel shows one model; here are {number}: leave it out to compare them": (
        "--panel 只显示一个模型；这里有 {number} 个：去掉它即可比较各模型"
    ),
    "--{name} is for the difference of two models; here are {number}": (
        "--{name} 只用于两个模型的差异；这里有 {number} 个"
    ),
    "--sort of a comparison is one of {columns}; not {column}": "比较的 --sort 可选 {columns}；不能是 {column}",
    "--columns of a difference are {columns}; not {column}": "差异表的 --columns 可选 {columns}；不能是 {column}",
    "--compare sets one model's conventions side by side; here are {number} models": (
        "--compare 把一个模型的各计数约定并列；这里有 {number} 个模型"
    ),
    "--{name} is for the table of layers; --compare shows conventions instead": (
        "--{name} 只用于各层的表格；--compare 显示的是计数约定"
    ),
    "the cell makes {number} models: name one, as in {example}; {known:text}": (
        "单元格生成了 {number} 个模型：请指明一个，如 {example}；{known}"
    ),
    "{name} is a class: call it, as in net = {call}, or name a model, as in %%cnncost net": (
        "{name} 是一个类：请调用它，如 net = {call}，或指明模型，如 %%cnncost net"
    ),
    "the cell makes no model (torch.nn.Module): {how:text}": "单元格没有生成模型（torch.nn.Module）：{how}",
    "no model is given: {how:text}": "没有给出模型：{how}",
    "name one, as in {example}; {known:text}": "请指明一个，如 {example}；{known}",
    "make one, as in net = Net(), and name it, as in {magic} net": (
        "请先生成一个，如 net = Net()，再指明它，如 {magic} net"
    ),
    "there are {names}": "现有 {names}",
    "there are {names} and {number:number} more": "现有 {names} 以及另外 {number} 个",
    "there is {name}": "现有 {name}",
    "there is no {name}": "找不到 {name}",
    "there is no {name}; {hint:text}": "找不到 {name}；{hint}",
    "there is no {name}; did you mean {near}?": "找不到 {name}；是不是想写 {near}？",
    "the line still holds a $ or {{ : a $name or {{expression}} is replaced by its value only where "
    "all of them in the line can be": (
        "这一行里仍有 $ 或 {{：只有行内所有的 $name 与 {{expression}} 都能求值时，它们才会被替换"
    ),
    "there is no option {name}; {hint:text}": "没有选项 {name}；{hint}",
    "did you mean {near}? (%cnncost? shows them all)": "是不是想写 {near}？（%cnncost? 可列出全部选项）",
    "%cnncost? shows all there are": "%cnncost? 可列出全部选项",
    "the model is named twice, as {words} and by --model {name}: name it once": (
        "模型指明了两次，一次是 {words}，一次用 --model {name}：请只指明一次"
    ),
    "an option begins with a plain hyphen (-), not as in {word}": "选项以普通连字符（-）开头，不能写成 {word}",
    "{text} is no Python expression; name the model, as in %cnncost net": (
        "{text} 不是 Python 表达式；请指明模型，如 %cnncost net"
    ),
    "--input {name} is given twice": "--input {name} 给出了两次",
    "give --input either always as NAME=SHAPE or always as a SHAPE alone, not both": (
        "--input 要么都写成 NAME=SHAPE，要么都只写 SHAPE，不能混用"
    ),
    "--input: {error:text}": "--input：{error}",
    "a variable is written {name}": "变量写成 {name}",
    "--rule: {error:text}": "--rule：{error}",
    "--rule is written NAME=VALUE, as in --rule batch_norm=2, not {text}": (
        "--rule 写成 NAME=VALUE，如 --rule batch_norm=2，不能写成 {text}"
    ),
    "--out wants the name of a variable; {name} is none": "--out 需要变量名；{name} 不是变量名",
    "{flag} wants a whole number from 1, not {text}": "{flag} 需要不小于 1 的整数，不能是 {text}",
    "{flag} wants a whole number from 1 or all, not {text}": "{flag} 需要不小于 1 的整数或 all，不能是 {text}",
    " or all": "或 all",
    "{flag} has no choice {text}; there are {choices}": "{flag} 没有 {text} 这个选择；可选的有 {choices}",
    "{flag} has no choice {text}; did you mean {near}? There are {choices}": (
        "{flag} 没有 {text} 这个选择；是不是想写 {near}？可选的有 {choices}"
    ),
    "did you mean {near}? There": "是不是想写 {near}？可选的",
    "--train and --mode eval exclude each other: a training step runs in train mode": (
        "--train 与 --mode eval 互相矛盾：训练步在 train 模式下运行"
    ),
    "--optimizer belongs to a training step: add --train": "--optimizer 属于训练步：请加 --train",
    "--input-grad belongs to a training step: add --train": "--input-grad 属于训练步：请加 --train",
    "a {mark} is missing at the end of: {word:code}": "{word} 的末尾缺少 {mark}",
    "argument {option}: expected one argument": "选项 {option} 需要一个值",
    "argument {option}: ignored explicit argument {value}": "选项 {option} 不带值，不能写 {value}",
    "ambiguous option: {option} could match {options}": "选项 {option} 不明确，可能是 {options}",
}

MAGIC = MappingProxyType({**_DESCRIPTION, **_OPTIONS, **_CONFIG, **_LINE})
