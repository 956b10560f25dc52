"""What each convention counts, what each tool gets wrong, and why two conventions differ."""

from __future__ import annotations

from types import MappingProxyType

_TITLES = {
    "FLOPs by the textbook's formulas, 1 MAC = 2 FLOPs": "按教材公式计算的 FLOPs，1 MAC = 2 FLOPs",
    "multiply-accumulates of convolutions, linear layers and matrix products": "卷积、全连接层与矩阵乘法的乘加运算次数",
    "multiply-accumulates of convolutions and linear layers, as papers print them": (
        "卷积与全连接层的乘加运算次数，即论文中常见的数字"
    ),
    "torchinfo 1.8: mult-adds, a layer's parameters times its output positions": (
        "torchinfo 1.8：乘加次数（mult-adds），即一层的参数量乘其输出位置数"
    ),
    "fvcore 0.1.5: multiply-accumulates, and elements of norms, 2-D upsampling and 2-D adaptive pooling": (
        "fvcore 0.1.5：乘加运算，以及归一化、二维上采样与二维自适应池化的元素个数"
    ),
    "ptflops 0.7.5 (pytorch backend): multiply-accumulates, and the elements of other layers": (
        "ptflops 0.7.5（pytorch 后端）：乘加运算，以及其他层的元素个数"
    ),
    "ptflops 0.7 with its aten backend: multiply-accumulates and biases, as they run on a CPU": (
        "ptflops 0.7（aten 后端）：在 CPU 上运行时的乘加运算与偏置"
    ),
    "thop 0.1.1: multiply-accumulates, and the elements of some layers": "thop 0.1.1：乘加运算，以及部分层的元素个数",
    "torchprofile 0.1: multiply-accumulates, and elements of norms, products, means and average pooling": (
        "torchprofile 0.1：乘加运算，以及归一化、乘积、平均与平均池化的元素个数"
    ),
    "calflops 0.3.2: 2 for each multiply-accumulate, and the elements of some layers": (
        "calflops 0.3.2：每次乘加计 2，另计部分层的元素个数"
    ),
    "DeepSpeed 0.19.8: 2 for each multiply-accumulate, and the elements of some layers": (
        "DeepSpeed 0.19.8：每次乘加计 2，另计部分层的元素个数"
    ),
    "FlopCounterMode of PyTorch 2.14: 2 for each multiply-accumulate, nothing else": (
        "PyTorch 2.14 的 FlopCounterMode：每次乘加计 2，其余不计"
    ),
}

_HEARD = {
    "a transposed convolution is counted at its output positions, not at its input positions": (
        "转置卷积按输出位置计数，而不是按输入位置"
    ),
    "a linear layer with more than two dimensions is counted for the first one only": (
        "输入多于两维的全连接层只按第一维计数"
    ),
    "the scale and shift of a normalization, or another layer's weights, are counted once for each image, "
    "not for each element that they are applied to": (
        "归一化的缩放与平移，以及其他层的权重，对每幅图像只计一次，而不是对作用到的每个元素各计一次"
    ),
    "looking up an embedding counts its whole table for each image; nothing is multiplied": (
        "嵌入查表对每幅图像计入整张表；其实没有乘法"
    ),
    "a recurrent cell is counted once for each of its hidden features": (
        "循环单元（cell）被重复计数，次数等于隐藏单元数"
    ),
    "what a forward calls as a function, and what a layer with others inside computes itself (attention), counts 0": (
        "前向传播中以函数形式调用的，以及含有子层的层自身的计算（如注意力），计 0"
    ),
    "whether a layer is a convolution is told by its class's name: “Conv” is in it or not": (
        "是否为卷积层只看类名中有没有“Conv”"
    ),
    "without a batch dimension other dimensions are taken for batch, channels and steps": (
        "没有批量维时，把其他维误当作批量、通道与时间步"
    ),
    "parameters that two layers share, or of a layer in two containers, count twice; "
    "a container that is not called itself may count its layers' parameters again": (
        "两层共享的参数，或同在两个容器中的层的参数，计两次；自身不被调用的容器可能再次计入其各层的参数"
    ),
    "parameters that two layers share, or of a layer in two containers, count twice": (
        "两层共享的参数，或同在两个容器中的层的参数，计两次"
    ),
    "only exact classes are known: a layer of a class derived from them counts 0": "只认确切的类：其派生类的层计 0",
    "a layer without a rule counts 0 silently": "没有规则的层悄悄计 0",
    "a layer without a rule counts 0 silently: group normalization, attention, nn.Bilinear …": (
        "没有规则的层悄悄计 0：组归一化、注意力、nn.Bilinear 等"
    ),
    "what a forward calls as a function, an operator or on its own is not heard and counts 0": (
        "前向传播中以函数、运算符或自行编写的方式作的计算捕捉不到，计 0"
    ),
    "a module that k containers share is counted k·k times at each call": "被 k 个容器共享的模块，每次调用计 k·k 次",
    "upsampling by trilinear or nearest-exact interpolation counts 0": "三线性或 nearest-exact 插值的上采样计 0",
    "an LSTM with a projection is counted as one without": "带投影的 LSTM 按不带投影计数",
    "adaptive pooling is computed in fractions and cut off: one is missing": "自适应池化按小数计算后截断：少计一次",
    "parameters of layers without a rule, of layers that are not called, of containers and of the model itself "
    "are left out": "没有规则的层、未被调用的层、容器以及模型自身的参数都不计入",
    "parameters that are not trained are left out": "不训练（冻结）的参数不计入",
    "a layer that calls a function which counts too counts twice: nn.ReLU, pooling, nn.Upsample …": (
        "层内调用的函数也被计数，因此重复计数：nn.ReLU、池化、nn.Upsample 等"
    ),
    "what functions count is not divided by the batch, as what layers count is": (
        "层的计数会除以批量大小，而函数的计数不除"
    ),
    "F.conv2d, F.linear, F.batch_norm, x @ y, einsum and attention as functions count 0": (
        "以函数形式调用的 F.conv2d、F.linear、F.batch_norm、x @ y、einsum 与注意力计 0"
    ),
    "what is inside a layer that has a rule is left out (the projections of timm's attention)": (
        "有规则的层，其内部的层不计（如 timm 注意力中的投影）"
    ),
    "a layer that several containers share is counted for each of them at each call": (
        "被多个容器共享的层，每次调用对每个容器各计一次"
    ),
    "of nn.Upsample one image is counted, and divided by the batch once more": (
        "nn.Upsample 只计一幅图像，又再除以一次批量大小"
    ),
    "the projection of an LSTM is left out": "LSTM 的投影不计",
    "the sizes of a matrix product or a sum are wrong where its tensors have different dimensions": (
        "张量维数不同时，矩阵乘法或加法所用的大小有误"
    ),
    "one image instead of the batch": "只计一幅图像，而不是整个批量",
}

_GRAPHS = {
    'a convolution with its padding given as a word ("same", "valid") counts nothing': (
        '用文字（"same"、"valid"）给出填充的卷积不计'
    ),
    "F.scaled_dot_product_attention counts nothing: of attention only the projections are left": (
        "F.scaled_dot_product_attention 不计：注意力只剩下投影"
    ),
    "an LSTM, GRU or RNN layer counts nothing; the cells count": "LSTM、GRU、RNN 层不计；各循环单元（cell）计入",
    "baddbmm, bilinear layers, tensordot and products with vectors count nothing": (
        "baddbmm、双线性层、tensordot 以及与向量的乘积不计"
    ),
    "a matrix product counts the first operand's matrices alone, also where these are broadcast": (
        "矩阵乘法只按第一个操作数的矩阵个数计，即使它们被广播"
    ),
    "an einsum counts half of numpy's estimate plus one, rounded to four digits, also where it only sums": (
        "einsum 计 numpy 估计值加一的一半，取四位有效数字，只求和时也是如此"
    ),
    "adaptive average pooling in 1-D and 3-D counts nothing, in 2-D it counts": (
        "一维与三维自适应平均池化不计，二维计入"
    ),
    "upsampling in 1-D and 3-D, bicubic and antialiased counts nothing, in 2-D it counts": (
        "一维、三维、双三次与抗锯齿上采样不计，二维计入"
    ),
    "grid_sample counts 4 an element in any mode and for volumes, as if it were bilinear": (
        "grid_sample 不论何种模式、也不论是否三维，每个元素都计 4，如同双线性"
    ),
    "F.scaled_dot_product_attention is one operation on a CPU, and counts nothing": (
        "F.scaled_dot_product_attention 在 CPU 上是一个运算，不计"
    ),
    "an LSTM is one operation on a CPU, and counts nothing": "LSTM 在 CPU 上是一个运算，不计",
    "baddbmm, bilinear layers and products with vectors count nothing": "baddbmm、双线性层以及与向量的乘积不计",
    "a linear layer's bias counts nothing where the input's elements are in another order in memory": (
        "输入元素在内存中的次序不同时，全连接层的偏置不计"
    ),
    "a transposed convolution is counted on output positions, s times too many along each axis, "
    "and its groups are forgotten where the numbers of channels differ": (
        "转置卷积按输出位置计数，每轴多计 s 倍；输入与输出通道数不同时还忽略了分组"
    ),
    "a GRU or RNN layer counts nothing, an LSTM layer counts": "GRU、RNN 层不计，LSTM 层计入",
    "an LSTM with a projection counts as if it were as narrow as the projection": (
        "带投影的 LSTM 按隐藏单元数等于投影大小计数"
    ),
    "an LSTM on a packed sequence counts its features as steps": "LSTM 处理打包序列时，把特征数当作时间步",
    "torch.mm, bilinear layers, tensordot and products of two vectors or with one count nothing": (
        "torch.mm、双线性层、tensordot 以及向量之间或与向量的乘积不计"
    ),
    'an einsum counts the product of all its indices: nothing with "...", '
    "and also where nothing is multiplied or fewer products would do": (
        'einsum 按所有下标大小之积计数：含 "..." 时不计；没有乘法、或用更少的乘法即可时，也照此计'
    ),
    "upsampling that is linear in 1-D and 3-D, bicubic or antialiased counts nothing": (
        "一维与三维线性、双三次或抗锯齿的上采样不计"
    ),
    "LeakyReLU in place counts nothing": "原地（inplace）的 LeakyReLU 不计",
    "products of shape numbers (batch times heads) count as one each; "
    "those in a model's own code are in no trace, and missing here": (
        "形状中的数相乘（如批量乘头数）各计一次；模型自身代码中的这类乘法不在记录中，这里没有计入"
    ),
    "products with a vector and bilinear layers count nothing": "与向量的乘积以及双线性层不计",
    "the weight gradient of a grouped convolution is not divided by the groups": "分组卷积的权重梯度没有除以分组数",
}

_PATCHED = {
    "linear layers: the bias is not counted, while that of a convolution is": "全连接层：偏置不计，而卷积的偏置计入",
    'convolution with padding="same" and an even kernel: counted on an output one smaller than it is': (
        'padding="same" 且卷积核大小为偶数的卷积：按比实际小 1 的输出计数'
    ),
    "matmul: counted as if the first matrices were all there are and the second had columns; "
    "wrong where the second has more matrices, or is a vector": (
        "matmul：只看第一个操作数的矩阵个数，并认为第二个操作数有多列；第二个操作数矩阵更多或为向量时有误"
    ),
    "operands of different shapes: counted on a size that is not the result's": (
        "操作数形状不同：计数所用的大小不是结果的大小"
    ),
    "interpolation to a given size: counted on height times width, batch and channels forgotten": (
        "插值到给定尺寸：只按高乘宽计数，忽略了批量与通道"
    ),
    'interpolation with mode="area": counted a second time, as the pooling that it calls': (
        'mode="area" 的插值：连同它调用的池化计了两次'
    ),
    "einsum: one too many, and rounded to four digits, as read off numpy's report": (
        "einsum：取自 numpy 的报告，多计一次，且只有四位有效数字"
    ),
    "x + y, x * y and x.add_(y) are not heard: 0, while torch.add(x, y) counts": (
        "x + y、x * y 与 x.add_(y) 捕捉不到：计 0，而 torch.add(x, y) 计入"
    ),
    "x.relu(), torch.relu(x), x.softmax() and the like are not heard: 0, while F.relu(x) counts": (
        "x.relu()、torch.relu(x)、x.softmax() 等捕捉不到：计 0，而 F.relu(x) 计入"
    ),
    "nn.ReLU6 is not heard, as it calls F.hardtanh: 0, while F.relu6 counts": (
        "nn.ReLU6 调用的是 F.hardtanh，捕捉不到：计 0，而 F.relu6 计入"
    ),
    "a function that a module stored (self.act = F.relu, as nn.TransformerEncoderLayer does) is not heard: 0, "
    "as that was before the tool replaced it": (
        "模块中保存的函数（self.act = F.relu，如 nn.TransformerEncoderLayer）捕捉不到：计 0，因为保存在工具替换函数之前"
    ),
    "nn.MultiheadAttention whose parameters are all frozen, with all before it: not heard, "
    "as PyTorch computes it in one piece": (
        "nn.MultiheadAttention 及其之前的参数全部冻结时：PyTorch 把它作为一个整体计算，捕捉不到"
    ),
    "recurrent layers of a class of one's own, or called as functions, are not heard: 0": (
        "自定义类的循环层，或以函数形式调用的循环层，捕捉不到：计 0"
    ),
    "LSTM with proj_size: the projection is not counted": "带 proj_size 的 LSTM：投影不计",
    "recurrent layers without a batch: the features are taken for steps": "没有批量维的循环层：把特征数当作时间步",
    "layers that several modules share: counted again for each of these, all their calls": (
        "被多个模块共享的层：其所有调用对每个模块各计一遍"
    ),
    "transposed convolution: divided by the groups twice, to 0 where it is depthwise": (
        "转置卷积：除以了两次分组数，逐通道卷积时变成 0"
    ),
    "transposed convolution: biases of one group only, on a convolution's output size": (
        "转置卷积：只计一组的偏置，且按普通卷积的输出大小计"
    ),
    "interpolation by a factor: counted on the input's elements, the factor is lost": (
        "按倍数插值：按输入元素个数计，丢失了倍数"
    ),
    "interpolation by a factor that is not whole: rounded once, not in each direction": (
        "按非整数倍数插值：只取整一次，而不是每个方向各取整"
    ),
    "matrix products are heard as matmul, addmm, baddbmm and einsum only: "
    "x @ y, torch.bmm, torch.mm and scaled_dot_product_attention count 0": (
        "矩阵乘法只捕捉 matmul、addmm、baddbmm 与 einsum：x @ y、torch.bmm、torch.mm 与 "
        "scaled_dot_product_attention 计 0"
    ),
    "matrix products are heard as matmul, @, mm, bmm, addmm, baddbmm, einsum and scaled_dot_product_attention only: "
    "others count 0": (
        "矩阵乘法只捕捉 matmul、@、mm、bmm、addmm、baddbmm、einsum 与 scaled_dot_product_attention：其余计 0"
    ),
}

_REASONS = {
    "folded into the layer before it, whose weights take the scale, and a bias the shift": (
        "并入前一层：缩放并入其权重，平移并入偏置"
    ),
    "a rule of {convention}": "{convention} 的规则",
    "no rule knows this operation{reason:text}; give one: textbook.with_rules({{'{name}': '2 * n'}})": (
        "这个运算没有规则{reason}；请给出一条：textbook.with_rules({{'{name}': '2 * n'}})"
    ),
    " ({reason:text})": "（{reason}）",
    "as {tool} counts it": "与 {tool} 的计数相同",
    "{tool} counts nothing here": "{tool} 在这里不计数",
    "What it gets wrong:": "它的缺陷：",
    "Rules: {rules}.": "规则：{rules}。",
    "a function": "一个函数",
}

_CAUSES = {
    "multiply-accumulates: 1 each instead of 2": "乘加运算：每次计 1 而不是 2",
    "biases: one addition for each output": "偏置：每个输出一次加法",
    "{title:text}: not counted": "{title}：不计",
    "{title:text}: its products only": "{title}：只计乘积",
    "{title:text}: {theirs} instead of its operations": "{title}：{theirs}，而不是逐个计其运算",
    "{title:text}: {theirs} instead of its own number": "{title}：{theirs}，而不是我们自己的数",
    "{title:text}: {theirs} instead of {ours}": "{title}：{theirs}，而不是 {ours}",
    "{title:text}: its own number instead of {ours}": "{title}：用该约定自己的数，而不是 {ours}",
    "{title:text}: its own number": "{title}：用该约定自己的数",
    "its operations": "它的各个运算",
    "its own number": "该约定自己的数",
    "{function:name} backward": "{function} 反向",
}

CONVENTIONS = MappingProxyType({**_TITLES, **_HEARD, **_GRAPHS, **_PATCHED, **_REASONS, **_CAUSES})
