"""What students get wrong: each mistake by its title, and why it is one."""

from __future__ import annotations

from types import MappingProxyType

_UNITS = {
    "multiply-accumulates counted, not FLOPs": "计的是乘加运算，而不是 FLOPs",
    "One multiply-accumulate is a multiplication and an addition: 2 FLOPs.": "一次乘加是一次乘法与一次加法：2 FLOPs。",
    "FLOPs counted, not multiply-accumulates": "计的是 FLOPs，而不是乘加运算",
    "A multiplication with its addition is one MAC.": "一次乘法连同它的加法是一次 MAC。",
    "a bias counted as a multiply-accumulate of each output": "给每个输出多计了一次乘加（把偏置计为一次 MAC）",
    "A bias is added and multiplied with nothing, so it is no MAC.": "偏置只是加上去，不作乘法，因此不是一次 MAC。",
    "the FLOPs doubled once more": "FLOPs 又乘了一次 2",
    "One multiply-accumulate is 2 FLOPs; in FLOPs this factor is there already.": (
        "一次乘加是 2 FLOPs；FLOPs 里已经含有这个 2。"
    ),
    "the multiply-accumulates divided by two": "把乘加运算次数除以了 2",
    "A multiplication with its addition is one MAC and 2 FLOPs; nothing is divided by two.": (
        "一次乘法连同它的加法是一次 MAC，即 2 FLOPs；没有什么要除以 2。"
    ),
    "n − 1 additions counted for a sum of n products": "n 个乘积求和按 n − 1 次加法计",
    "The formulas of this course count one addition for each product, 2·n in all.": (
        "本课程的公式对每个乘积计一次加法，共 2·n。"
    ),
    "a training step counted, not the forward alone": "计的是一个训练步，而不只是前向传播",
    "Forward and backward together take about three times the forward; the forward was asked.": (
        "前向与反向传播合起来约为前向传播的三倍；这里问的是前向传播。"
    ),
    "2²⁰ bytes taken for a megabyte": "把 2²⁰ 字节当作一兆字节",
    "1 MB is 10⁶ bytes; 2²⁰ bytes are 1 MiB.": "1 MB 是 10⁶ 字节；2²⁰ 字节是 1 MiB。",
    "bytes given, not numbers": "给出的是字节数，而不是数的个数",
    "How many numbers there are was asked, not how many bytes they take.": "问的是有多少个数，而不是占多少字节。",
    "numbers given, not bytes": "给出的是数的个数，而不是字节数",
    "Each number takes several bytes: 4 in float32.": "每个数占若干字节：float32 占 4 字节。",
    "bits given, not bytes": "给出的是比特数，而不是字节数",
    "A byte has 8 bits; a float32 has 32 bits, that is 4 bytes.": "一字节为 8 比特；float32 有 32 比特，即 4 字节。",
    "the memory of the weights and that of the activations taken for each other": "混淆了权重与激活值所占的内存",
    "Activations are what comes out of a layer, weights are its parameters.": "激活值是层的输出，权重是层的参数。",
}

_BIASES_AND_CHANNELS = {
    "the bias forgotten": "漏了偏置",
    "Each output channel (or output feature) has one bias.": "每个输出通道（或输出特征）有一个偏置。",
    "a bias counted where there is none": "没有偏置却计了偏置",
    "The layer has no bias.": "该层没有偏置。",
    "a bias counted for each output position": "对每个输出位置都计了一个偏置",
    "All positions of an output channel share one bias.": "同一输出通道的所有位置共用一个偏置。",
    "the bias added on the input side": "把偏置加在了输入一侧",
    "There is one bias for each output, not for each input.": "每个输出有一个偏置，而不是每个输入。",
    "the input channels forgotten: a filter thought to be as flat as its kernel": (
        "漏了输入通道：以为滤波器只有一个通道"
    ),
    "A filter goes through all input channels (of its group).": "滤波器贯穿（本组的）所有输入通道。",
    "the output channels forgotten: one filter counted": "漏了输出通道：只计了一个滤波器",
    "There is one filter for each output channel.": "每个输出通道有一个滤波器。",
    "the groups ignored": "忽略了分组",
    "With groups a filter sees only the input channels of its group: C_in/g.": (
        "分组时，滤波器只看到本组的输入通道：C_in/g。"
    ),
    "input and output channels both divided by the groups": "输入与输出通道数都除以了分组数",
    "Each group has C_in/g inputs and C_out/g outputs, but there are g groups: one g remains.": (
        "每组有 C_in/g 个输入与 C_out/g 个输出，但共有 g 组：只剩一个 g 作除数。"
    ),
}

_WINDOWS = {
    "K taken for K·K": "用了 K，而不是 K·K",
    "A kernel has as many elements as all its sides multiplied.": "卷积核的元素个数是各边长之积。",
    "the window forgotten: one operation counted for each output": "漏了窗口：每个输出只计了一次运算",
    "Every element of each window is looked at.": "每个窗口的每个元素都要参与运算。",
    "the gaps of a dilated kernel counted as work": "把膨胀卷积核的空隙也计为运算",
    "Dilation spreads the kernel's elements; there are no more of them.": (
        "膨胀只是把卷积核的元素拉开，元素并没有变多。"
    ),
    "the input's size taken for the output's": "用了输入尺寸，而不是输出尺寸",
    "The kernel is applied once for each output position.": "卷积核在每个输出位置各作用一次。",
    "a transposed convolution counted on its output positions": "按输出位置计了转置卷积",
    "In a transposed convolution each input position meets the whole kernel.": (
        "在转置卷积中，每个输入位置都与整个卷积核相乘。"
    ),
    "H·W in a count of parameters": "参数量中出现了 H·W",
    "A filter's weights are shared by all positions.": "滤波器的权重由所有位置共享。",
    "the stride ignored": "忽略了步幅",
    "The window moves by the stride, so there are fewer positions.": "窗口按步幅移动，因此位置更少。",
    "divided by the stride twice": "除以了两次步幅",
    "The stride divides once along each axis.": "沿每个轴只除以一次步幅。",
    "the padding ignored": "忽略了填充",
    "Padding makes the input larger before the window moves over it.": "填充先使输入变大，窗口再在上面移动。",
    "the padding counted on one side only": "只计了一侧的填充",
    "The padding stands on both sides: 2·P.": "两侧都有填充：2·P。",
    "the dilation ignored in the output's size": "求输出尺寸时忽略了膨胀",
    "A dilated kernel reaches over D·(K − 1) + 1 positions.": "膨胀卷积核覆盖 D·(K − 1) + 1 个位置。",
    "rounded up, not down": "向上取整，而不是向下取整",
    "rounded to the nearest, not down": "四舍五入，而不是向下取整",
    "A window that does not fit any more is left out: the division rounds down.": (
        "放不下的窗口要舍去：除法向下取整。"
    ),
    "not rounded down": "没有向下取整",
    "There is no part of a position: the division rounds down.": "位置数没有小数：除法向下取整。",
    "the + 1 forgotten": "漏了 + 1",
    "The first position counts, too; the division counts the steps after it.": (
        "第一个位置也要计；除法只计它之后的步数。"
    ),
    "the size of a convolution's output taken for that of a transposed one": "用了普通卷积的输出尺寸，而不是转置卷积的",
    "A transposed convolution goes the other way: (H_in − 1)·S − 2·P + D·(K − 1) + 1.": (
        "转置卷积的尺寸变化方向相反：(H_in − 1)·S − 2·P + D·(K − 1) + 1。"
    ),
}

_LAYERS = {
    "parameters counted in a pooling": "给池化层计了参数",
    "Pooling takes a maximum or mean; nothing in it is learned.": "池化只取最大值或平均值，没有可学习的内容。",
    "parameters counted in an activation": "给激活函数计了参数",
    "An activation is a fixed function; nothing in it is learned.": "激活函数是固定的函数，没有可学习的内容。",
    "fewer numbers counted after a dropout": "以为暂退法（dropout）之后数变少了",
    "Dropout sets numbers to zero; they are still there.": "暂退法只是把一些数置零，它们仍在。",
    "one operation counted for each element": "每个元素只计了一次运算",
    "The layer's definition takes several operations for each element.": "按该层的定义，每个元素要作多次运算。",
    "running statistics counted as parameters": "把移动统计量计为参数",
    "Mean and variance are kept, not learned: scale and shift are the parameters, 2·C.": (
        "均值与方差只是记录下来，不是学习得到的：参数是缩放与平移，共 2·C。"
    ),
    "the parameters of normalization forgotten": "漏了归一化的参数",
    "Each channel has a scale and a shift.": "每个通道有一个缩放与一个平移。",
    "parameters counted for each sample of the batch": "对批量中的每个样本都计了参数",
    "All samples share the parameters.": "所有样本共用参数。",
    "one sample counted, not the batch": "只计了一个样本，而不是整个批量",
    "The work and the output grow with the batch.": "计算量与输出随批量增长。",
    "shared parameters counted once for each call": "共享的参数对每次调用各计了一次",
    "A layer that is called again uses the same parameters.": "再次调用同一层时，用的是同样的参数。",
    "the work of a layer that is called again counted once": "多次调用的层只计了一次计算量",
    "Each call computes, whatever it shares with others.": "无论与其他调用共享什么，每次调用都要重新计算。",
    "one gate counted": "只计了一个门",
    "An LSTM has four sets of weights, a GRU three.": "LSTM 有四组权重，GRU 有三组。",
    "the product with the hidden state forgotten": "漏了与隐状态的乘积",
    "Each step takes the input and the last hidden state.": "每个时间步用到输入与上一步的隐状态。",
    "one of attention's two products forgotten": "漏了注意力两次乘积中的一次",
    "Queries meet keys, and then the scores meet the values.": "查询先与键相乘，得到的分数再与值相乘。",
}

_MOVING = {
    "the parameters forgotten among what is moved": "漏了搬运参数的字节",
    "the input forgotten among what is moved": "漏了搬运输入的字节",
    "the output forgotten among what is moved": "漏了搬运输出的字节",
    "only the parameters counted as moved": "只计了搬运参数的字节",
    "Input, parameters and output are all moved, each once.": "输入、参数与输出都要搬运，各一次。",
    "the bytes divided by the FLOPs": "用字节数除以了 FLOPs",
    "Arithmetic intensity is the FLOPs divided by the bytes.": "算术强度是 FLOPs 除以字节数。",
}

_TRAINING = {
    "a gradient counted for the network's input": "给网络的输入也计了梯度",
    "Nothing is learned from the gradient of the images: the first layer has only that of its weights.": (
        "图像的梯度不用于学习：第一层只需要其权重的梯度。"
    ),
    "the backward pass taken to cost as much as the forward": "以为反向传播与前向传播的计算量相同",
    "Each layer has two gradients, of its weights and of its input, and each costs as much as its forward.": (
        "每层有两个梯度，即权重的与输入的，各与其前向传播的计算量相同。"
    ),
    "the backward pass counted alone": "只计了反向传播",
    "A training step runs forward first, then backward.": "一个训练步先前向传播，再反向传播。",
}

_FIELDS_AND_RATIOS = {
    "the strides below ignored": "忽略了前面各层的步幅",
    "After a stride one step is several input positions: each layer adds (K − 1) times all strides below it.": (
        "步幅之后，一步相当于多个输入位置：每层增加的是 (K − 1) 乘以前面所有步幅之积。"
    ),
    "each layer's own stride counted in what it adds": "把每层自身的步幅计入了它所增加的部分",
    "A layer's own stride widens the steps of those above it, not its own.": (
        "一层的步幅加宽的是后面各层的步子，而不是它自己的。"
    ),
    "K added for each layer, not K − 1": "每层加了 K，而不是 K − 1",
    "The first position is shared: each layer adds K − 1.": "第一个位置是共用的：每层只增加 K − 1。",
    "the dilations ignored": "忽略了膨胀",
    "the kernels multiplied": "把各卷积核大小相乘",
    "Receptive fields add up; only strides multiply.": "感受野是相加的；只有步幅才相乘。",
    "divided the other way round": "除反了",
    "How many times as much the first takes: the first is divided by the second.": (
        "问的是第一个是第二个的多少倍：用第一个除以第二个。"
    ),
    "the saved share given, not the ratio": "给出的是节省的比例，而不是倍数",
    "The ratio was asked; the saved share is 1 − second/first.": "问的是倍数；节省的比例是 1 − 第二个/第一个。",
    "only the first layer of the second design counted": "第二个方案只计了第一层",
    "All layers that take the place of the first design count.": "取代第一个方案的所有层都要计入。",
}

MISTAKES = MappingProxyType(
    {
        **_UNITS,
        **_BIASES_AND_CHANNELS,
        **_WINDOWS,
        **_LAYERS,
        **_MOVING,
        **_TRAINING,
        **_FIELDS_AND_RATIOS,
    }
)
