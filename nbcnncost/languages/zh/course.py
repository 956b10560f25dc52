"""Coursework: the questions, what an answer is told, what teachers read, and what stands in their notebooks."""

from __future__ import annotations

from types import MappingProxyType

_QUESTIONS = {
    "{name}: how deep is the output (D_out)?": "{name}：输出的深度（D_out）是多少？",
    "{name}: how high is the output (H_out)?": "{name}：输出的高度（H_out）是多少？",
    "{name}: how wide is the output (W_out)?": "{name}：输出的宽度（W_out）是多少？",
    "{name}: how long is the output (L_out)?": "{name}：输出的长度（L_out）是多少？",
    "{name}: how many input positions, along one axis, does one output position see?": (
        "{name}：沿一个轴看，一个输出位置的感受野覆盖多少个输入位置？"
    ),
    "{name}: how many numbers come out?": "{name}：输出共有多少个数？",
    "{name}: how many parameters are there?": "{name}：参数量是多少？",
    "{name}: how many multiply-accumulates (MACs) does it take?": "{name}：乘加运算次数（MACs）是多少？",
    "{name}: how many FLOPs does it take, by the convention {convention}?": (
        "{name}：按计数约定 {convention}，浮点运算次数（FLOPs）是多少？"
    ),
    "{name}: how many bytes does the output take ({bytes} a number)?": (
        "{name}：输出占多少字节（每个数 {bytes} 字节）？"
    ),
    "{name}: how many bytes do the parameters take ({bytes} a number)?": (
        "{name}：参数占多少字节（每个数 {bytes} 字节）？"
    ),
    "{name}: how many megabytes (10⁶ bytes) does the output take ({bytes} bytes a number)?": (
        "{name}：输出占多少兆字节（MB，10⁶ 字节；每个数 {bytes} 字节）？"
    ),
    "{name}: how many megabytes (10⁶ bytes) do the parameters take ({bytes} bytes a number)?": (
        "{name}：参数占多少兆字节（MB，10⁶ 字节；每个数 {bytes} 字节）？"
    ),
    "{name}: how many FLOPs, by the convention {convention}, for each byte that is moved, if that is the input, the "
    "parameters and the output, each once ({bytes} bytes a number)?": (
        "{name}：若输入、参数与输出各搬运一次（每个数 {bytes} 字节），按计数约定 {convention}，"
        "每搬运一字节作多少次浮点运算（FLOPs）？"
    ),
    "{name}: how many times the forward's FLOPs, by the convention {convention}, does a training step take? It has the "
    "forward and the gradients: none of the network's input, and no optimizer.": (
        "{name}：按计数约定 {convention}，一个训练步（前向传播与各梯度）的 FLOPs 是前向传播的多少倍？"
        "网络的输入不需要梯度，优化器不计。"
    ),
    "{name}: how many times as many {unit:text} does the first take as the second?": (
        "{name}：第一个方案的{unit}是第二个的多少倍？"
    ),
}

_ANSWERS = {
    "{key}: right, {value}.": "{key}：正确，{value}。",
    "{key}: right, rounded; exactly it is {value}.": "{key}：正确（经四舍五入）；精确值为 {value}。",
    '{key}: {given} is no number; answer with a number, as 34944, "34,944" or "1.05e8".': (
        '{key}：{given} 不是数字；请用数字作答，如 34944、"34,944" 或 "1.05e8"。'
    ),
    '{key}: {given} is more than a number; leave out what stands behind it, as 34944, "34,944" or "1.05e8".': (
        '{key}：{given} 不只是数字；请去掉数字后面的内容，如 34944、"34,944" 或 "1.05e8"。'
    ),
    '{key}: the comma in {given} does not separate thousands; write "34,944", or a point: "1.05e8".': (
        '{key}：{given} 中的逗号不是千位分隔符；请写成 "34,944"，或用小数点："1.05e8"。'
    ),
    "{key}: {given} is a calculation in quotes; without the quotes Python computes it.": (
        "{key}：{given} 是引号里的算式；去掉引号，Python 就会计算它。"
    ),
    "{key}: there is no answer yet; put your number in.": "{key}：还没有作答；请填入你的数字。",
    "{key}: True and False are no numbers; answer with a number, as 34944.": (
        "{key}：True 与 False 不是数字；请用数字作答，如 34944。"
    ),
    "{key}: answer with one number, not with an array of the shape {shape}.": (
        "{key}：请用一个数字作答，而不是形状为 {shape} 的数组。"
    ),
    "{key}: {given} is no answer; a division by zero or an overflow may have made it.": (
        "{key}：{given} 不能作为答案；可能是除以零或溢出造成的。"
    ),
    "{key}: give at least three digits, as 1.05e8, so that your answer can be told from others.": (
        "{key}：请至少给出三位有效数字，如 1.05e8，以便与其他答案区分。"
    ),
    "{key}: {given} is cut off, not rounded; round its last digit to the nearest [cut_off].": (
        "{key}：{given} 是直接截断的，没有四舍五入；请把最后一位四舍五入 [cut_off]。"
    ),
    "{key}: {given} is wrong; it is too large.": "{key}：{given} 不对，偏大。",
    "{key}: {given} is wrong; it is too small.": "{key}：{given} 不对，偏小。",
    "{key}: {given} is wrong; a count is never negative.": "{key}：{given} 不对，计数不会是负数。",
    "{key}: {given} is wrong; the answer is a whole number.": "{key}：{given} 不对，答案应为整数。",
    "{key}: {given} is wrong; there is nothing to count here.": "{key}：{given} 不对，这里没有可计数的内容。",
    "{key}: {given} is not exact; give all digits, or write a rounded answer as 1.05e8.": (
        "{key}：{given} 不精确；请给出全部数位，或把近似答案写成 1.05e8 的形式。"
    ),
    "{convention:name}, 2n − 1": "{convention}（2n − 1）",
    "{convention:name}, biases added": "{convention}（偏置计加法）",
    "By the convention {names:text} it would be right; here it is {convention}.": (
        "按计数约定 {names} 则是正确的；这里用的是 {convention}。"
    ),
    "Probably: {title:text} [{id}]. {why:text}": "可能的错误：{title} [{id}]。{why}",
    "Probably two things at once: {first:text} and {second:text} [{id}].": (
        "可能同时有两个错误：{first}；以及 {second} [{id}]。"
    ),
    "Several mistakes give this number: {titles:either} [{id}]. Which is yours?": (
        "有几种错误都会得到这个数：{titles} [{id}]。你的是哪一种？"
    ),
    "It follows from your answer to {earlier}, which is wrong [carried]; mend that one first.": (
        "它由你对 {earlier} 的答案推得，而那个答案不对 [carried]；请先改正那一个。"
    ),
    "It builds on your answer to {earlier}, which is wrong; mend that one first. There is one more mistake in it.": (
        "它以你对 {earlier} 的答案为依据，而那个答案不对；请先改正那一个。这一题本身还有一个错误。"
    ),
    "It is off by a factor of exactly {symbol} [{id}].": "相差的倍数恰好是 {symbol} [{id}]。",
    "No single mistake that is known gives this number [{id}]; write down the formula, and the numbers below it.": (
        "没有哪一种已知的错误会得到这个数 [{id}]；请写出公式，并在下面代入数字。"
    ),
    "You may have computed {wrong:code}; it is {right:code}.": "你可能算的是 {wrong}；应为 {right}。",
    "It is {right:code}.": "应为 {right}。",
    "That is {wrong:code} = {given}; it should be {right:code} = {value}.": (
        "那是 {wrong} = {given}；应为 {right} = {value}。"
    ),
    "It should be {right:code} = {value}.": "应为 {right} = {value}。",
}

_REFUSALS = {
    "there is no question {key}; there are: {keys}": "没有 {key} 这道题；现有：{keys}",
    "there is no question {key}; did you mean {near}?": "没有 {key} 这道题；是不是想写 {near}？",
    "carried_share is a part of the points from 0 to 1, not {share}": (
        "carried_share 是得分的比例，在 0 与 1 之间，不能是 {share}"
    ),
    "highest_hint is a step from 1 to 4, not {hint}": "highest_hint 是提示的级别，从 1 到 4，不能是 {hint}",
    "{setting} is a number here, or one for each axis, not {word}: that is what is to be counted": (
        "{setting} 在这里应为一个数，或每个轴一个数，不能是 {word}：那正是要计算的"
    ),
    "{name} has no {quantity} to ask for": "{name} 没有可提问的 {quantity}",
    "practice=True scores nothing, so it does not run under a grader: leave it out in graded cells": (
        "practice=True 不计分，因此不能在评分程序下运行：请在评分单元格中去掉它"
    ),
    "hint is a step of feedback from 1 to 4, as hint=2, not {hint}": (
        "hint 是提示的级别，从 1 到 4，如 hint=2，不能是 {hint}"
    ),
    "points is a number from 0, as points=2, not {points}": "points 应为不小于 0 的数，如 points=2，不能是 {points}",
    "there is no sheet here to check {key} with; make one first: sheet = course.sheet(…)": (
        "这里没有可用来检查 {key} 的题单；请先生成一份：sheet = course.sheet(…)"
    ),
    "{name} counts whole models, as its tool does; a course counts by rules: textbook.with_rules({{…}})": (
        "{name} 同它的工具一样对整个模型计数；课程则按规则计数：textbook.with_rules({{…}})"
    ),
    "no variant of {topic} was found in {tries} draws in which every mistake gives its own number": (
        "抽取 {tries} 次，仍没有找到 {topic} 的一个变式，使每种错误各得到不同的数"
    ),
    "there is no topic {topic}; there are: {topics}": "没有 {topic} 这个主题；可选的有：{topics}",
    "there is no quantity {quantity}; there are: {quantities}": "没有 {quantity} 这个量；可选的有：{quantities}",
    "{name}: give a layer, as conv2d(…), or a list of layers, not {type}; sheet(…) runs a model": (
        "{name}：请给出一个层，如 conv2d(…)，或层的列表，不能是 {type}；模型用 sheet(…) 运行"
    ),
    "a saving is of {quantities}; not of {quantity}": "节省的倍数可按 {quantities} 计算；不能按 {quantity}",
    "there is no question about {quantity} here; there are: {quantities}": (
        "这里没有关于 {quantity} 的题目；现有：{quantities}"
    ),
    "{name}: the second design takes no {quantity}, and nothing is divided by 0": (
        "{name}：第二个方案的 {quantity} 为 0，而 0 不能作除数"
    ),
    'two questions have the key {key}; give each a name of its own: question(…, name="conv1")': (
        '有两道题的键都是 {key}；请给每道题另取名称：question(…, name="conv1")'
    ),
    "a course has no such setting: {error:text}": "课程没有这项设置：{error}",
    "a sheet is about a topic's name, layers, questions, a model or a report; not {type}": (
        "题单可由主题名称、层、题目、模型或报告生成；不能由 {type} 生成"
    ),
    "there is no kind {kind}; formulas.FORMULAS names them all": (
        "没有 {kind} 这类运算；formulas.FORMULAS 列出了全部类别"
    ),
    "{kind} has the symbols {symbols}; {missing} is missing": "{kind} 的符号有 {symbols}；缺少 {missing}",
    "{kind} has the symbols {symbols}; {name} is none of them": "{kind} 的符号有 {symbols}；其中没有 {name}",
    "{kind} has the symbols {symbols}; {name} is one of them with spatial={spatial}": (
        "{kind} 的符号有 {symbols}；取 spatial={spatial} 时才有 {name}"
    ),
    "{kind} computes nothing; only n, how many numbers come out, can be said of it, not {name}": (
        "{kind} 不作计算；只能给出 n，即输出共有多少个数，不能给出 {name}"
    ),
    "{groups} groups do not divide {channels} channels": "{groups} 个分组不能整除 {channels} 个通道",
    "spatial={spatial} is no number of axes; give one from 0 to 3": "spatial={spatial} 不是轴的个数；应为 0 到 3",
    "a layer is called a whole number of times from 1, not {times}": "层的调用次数应为不小于 1 的整数，不能是 {times}",
    "{setting} takes whole numbers from {least}, not {value}": "{setting} 应为不小于 {least} 的整数，不能是 {value}",
    "{setting} is True or False, not {value}": "{setting} 应为 True 或 False，不能是 {value}",
    "{setting} is told by input_size; leave it out": "input_size 已经说明了 {setting}；请去掉它",
    "a dropout zeroes between 1 and 99 per cent, not {percent}": (
        "暂退法（dropout）置零的比例在 1 % 与 99 % 之间，不能是 {percent}"
    ),
    "input_size is a row of whole numbers from 1, as (3, 224, 224); not {size}": (
        "input_size 应为一组不小于 1 的整数，如 (3, 224, 224)；不能是 {size}"
    ),
    "input_size has {number} numbers, or one more with the batch in front; not {size}": (
        "input_size 应有 {number} 个数，或在前面再加上批量；不能是 {size}"
    ),
    "input_size has {channels} channels, but in_channels is {in_channels}; they are the same": (
        "input_size 有 {channels} 个通道，而 in_channels 为 {in_channels}；两者应相同"
    ),
    "this layer cannot be built: {error:text}": "无法构建这一层：{error}",
    "a class report is about a sheet, or a function that gives each student's, not about {type}": (
        "班级报告由一份题单生成，或由给出每个学生题单的函数生成，不能由 {type} 生成"
    ),
    "{path} cannot be read: {error:text}": "无法读取 {path}：{error}",
    "No such file or directory": "没有这个文件或文件夹",
    "Is a directory": "这是文件夹，不是文件",
    "Permission denied": "没有权限",
    "{path} is no CSV file in UTF-8 with the columns student, key, answer": (
        "{path} 不是以 student、key、answer 为三列的 UTF-8 CSV 文件"
    ),
    "the answers of {student} have a wrong key: {error:text}": "{student} 的答案中有一个键不对：{error}",
    "answers are a dict of students, each with a dict of keys and answers, or rows of student, key, answer": (
        "answers 应为字典，每个学生对应一个由题目的键与答案组成的字典，或为若干行，每行依次是学生、题目的键、答案"
    ),
}

_TEACHING = {
    "{questions} questions accept their right answers, reject {stubs} stubs and tell {mistakes} mistakes.": (
        "{questions} 道题都接受了正确答案，拒绝了 {stubs} 个占位答案，并认出了 {mistakes} 个错误。"
    ),
    "{number} problems in {questions} questions, {stubs} stubs and {mistakes} mistakes:": (
        "{questions} 道题、{stubs} 个占位答案、{mistakes} 个错误中有 {number} 个问题："
    ),
    "{key} rejects its right answer": "{key} 拒绝了正确答案",
    "{key} accepts the stub {stub}: its right answer is that": "{key} 接受了占位答案 {stub}：正确答案恰好就是它",
    "{key}: the mistake {id} gives the right number, so it goes unseen": (
        "{key}：错误 {id} 恰好得到正确的数，因此看不出来"
    ),
    "{key} accepts the mistake {id}": "{key} 接受了错误 {id}",
    "{key} calls the mistake {id} {found}": "{key} 把错误 {id} 认作 {found}",
    "{key}: {ids} give the same number, so both are named": "{key}：{ids} 得到同一个数，因此都会指出",
    "{students} students, {answers} answers: {right} right, {wrong} wrong, {none} no number": (
        "{students} 名学生，{answers} 个答案：{right} 个正确，{wrong} 个错误，{none} 个不是数字"
    ),
    "{name:topic}, by the convention {convention}:": "{name}，按计数约定 {convention}：",
    "{name:topic} of {student}, by the convention {convention}:": "{name}（{student}），按计数约定 {convention}：",
    "questions": "题目",
    "right by another convention": "按另一计数约定是正确的",
    "too few digits": "有效数字太少",
    "cut off, not rounded": "直接截断，没有四舍五入",
    "question": "题目",
    "mistake": "错误",
    "students": "学生数",
    "share of the wrong answers": "占错误答案的比例",
    "no number": "不是数字",
    "not known": "未知",
    "follows from an earlier answer": "由前面的答案推得",
    "off by a factor that is {symbol}": "相差的倍数为 {symbol}",
    "mistakes of {students} students, by how many made them": "{students} 名学生的错误，按犯错人数排列",
}

_ASSIGNMENTS = {
    "{questions:text}, {points:text}. Put a number or a formula, as `96 * (3*11*11 + 1)`, into each answer and "
    "run the cell below it: it says whether the answer is right, and if not, what may be the matter.": (
        "{questions}，{points}。请在每个答案处填入数字或算式，如 `96 * (3*11*11 + 1)`，再运行下面的单元格："
        "它会告诉你答案是否正确；若不正确，还会指出可能错在哪里。"
    ),
    "Your layers are your own: they are drawn for your id, so put it in first.": (
        "每位同学的层各不相同，由学号抽取而得，因此请先填入你的学号。"
    ),
    'STUDENT = ""  # your id, between the quotes': 'STUDENT = ""  # 在引号之间填入你的学号',
    'Who are you? Put in your id, as `STUDENT = "ada"`.': '你是谁？请填入你的学号，如 `STUDENT = "ada"`。',
    "**{name}, in your own words** ({points:text})\n\nHow did you find these numbers? "
    "Say which symbols stand for what, and why the formulas are as they are.": (
        "**{name}：用自己的话说明**（{points}）\n\n你是怎样得到这些数字的？请说明各符号代表什么，以及公式为什么是这样。"
    ),
    "# Your answers, as your teacher collects them.": "# 你的答案，供老师收集。",
    "# Made again for the grader, whatever the notebook did to it.": "# 为评分重新生成，不受笔记本中改动的影响。",
    "1 question": "1 道题",
    "{number:number} questions": "{number} 道题",
    "{points:amount} point": "{points} 分",
    "{points:amount} points": "{points} 分",
    "What a network costs": "网络的代价",
    "**{key}** ({points:code})\n\n{prompt:code}": "**{key}**（{points}）\n\n{prompt}",
    "{title:text}: key": "{title}：参考答案",
    "{title:text}, for {student}": "{title}（{student}）",
    "FLOPs are counted by the convention {convention}.": "FLOPs 按计数约定 {convention} 计。",
    "1 MAC = {flops} FLOPs; additions of a bias are left out.": "1 MAC = {flops} FLOPs；偏置的加法不计。",
    "1 MAC = {flops} FLOPs; additions of a bias count.": "1 MAC = {flops} FLOPs；偏置的加法也计入。",
    "A sum of n products has n − 1 additions.": "n 个乘积相加，只有 n − 1 次加法。",
    "Answer:": "答案：",
    "Wrong answers:": "错误答案：",
    "(Give all digits, without commas.)": "（请给出全部数位，不加逗号。）",
    "(Give three digits or more.)": "（请至少给出三位有效数字。）",
    "That is not it. Write down the formula, and the numbers below it.": "不对。请写出公式，并在下面代入数字。",
    'whose variant is it? put in your id, as STUDENT = "ada", and run the cells again': (
        '这是谁的变式？请填入学号，如 STUDENT = "ada"，再重新运行各单元格'
    ),
    "this notebook was answered for {name}, but handed in by {submitted}": (
        "这份笔记本是以 {name} 作答的，提交者却是 {submitted}"
    ),
    "this sheet cannot be written as code; give the code that makes it: setup='lab = sheet(…)', with its imports": (
        "这份题单无法写成代码；请给出生成它的代码：setup='lab = sheet(…)'，连同所需的 import"
    ),
    "setup is code that makes a sheet named lab: setup='lab = sheet(…)', with its imports": (
        "setup 应为生成名为 lab 的题单的代码：setup='lab = sheet(…)'，连同所需的 import"
    ),
    "this sheet is for all students, each with an own variant; name one: sheet({topic}, student='ada')": (
        "这份题单面向所有学生，每人一个变式；请指明一人：sheet({topic}, student='ada')"
    ),
    "points has no question {key}; there are: {keys}": "points 中没有 {key} 这道题；现有：{keys}",
    "{first} and {second} would both be answered in the variable {name}; give the layers other names": (
        "{first} 与 {second} 的答案会用同一个变量 {name}；请给这些层另取名称"
    ),
}

#: The topics by their names, which are words of other kinds elsewhere.
_TOPICS = {
    "#convolution": "卷积",
    "#grouped": "分组卷积",
    "#dilated": "膨胀卷积",
    "#batch": "批量",
    "#sharing": "共享参数的层",
    "#transposed": "转置卷积",
    "#pooling": "池化",
    "#linear": "全连接层",
    "#normalization": "归一化",
    "#activations": "激活函数",
    "#recurrent": "循环层",
    "#attention": "注意力",
    "#memory": "内存",
    "#intensity": "算术强度",
    "#training": "训练步",
    "#receptive_field": "感受野",
    "#separable": "深度可分离卷积",
    "#bottleneck": "瓶颈块",
    "#classifier": "分类器",
}

_GIVEN = {
    "output padding below": "下侧的输出填充",
    "output padding on the right": "右侧的输出填充",
    "calls of the layer, with the same weights each time": "该层的调用次数，每次用同样的权重",
}

COURSE = MappingProxyType(
    {
        **_QUESTIONS,
        **_ANSWERS,
        **_REFUSALS,
        **_TEACHING,
        **_ASSIGNMENTS,
        **_TOPICS,
        **_GIVEN,
    }
)
