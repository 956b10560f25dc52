"""Simplified Chinese, in the words of Chinese textbooks on deep learning.

One term for one thing, everywhere::

    layer 层                      convolution 卷积               kernel 卷积核
    fully connected layer 全连接层   pooling 池化                  feature map 特征图
    filter 滤波器                  stride 步幅                   padding 填充
    dilation 膨胀                 groups 分组                   channel 通道
    depthwise convolution 逐通道卷积  output size 输出尺寸             data movement 数据搬运
    bias 偏置                     activation 激活函数             normalization 归一化
    parameters 参数（量）            multiply-accumulate 乘加运算     operation 运算
    forward 前向传播                backward 反向传播              gradient 梯度
    training step 训练步            optimizer 优化器               batch 批量
    convention 计数约定             rule 规则                     to count 计数、计入
    textbook 教材                  fault 缺陷                    ratio 倍数
    recurrent layer 循环层          gate 门                       hidden state 隐状态
    container 容器                 call 调用                     report 报告

FLOPs, MACs, the names of tools, models, layers and options, code and formulas stay as they are. A space stands between
Chinese and what is Latin (letters, digits, code), none beside a Chinese mark; where a hole meets a word, the template
sees to it. Marks and brackets are Chinese ones, but for those behind a name (``fc1 (Linear)``) or a number
(``61,706 (61.7 k)``) and in code; names in code are listed with commas (``net, net_b``), words with 、.
"""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.languages.zh.answers import ANSWERS
from nbcnncost.languages.zh.charts import CHARTS
from nbcnncost.languages.zh.conventions import CONVENTIONS
from nbcnncost.languages.zh.course import COURSE
from nbcnncost.languages.zh.formulas import FORMULAS
from nbcnncost.languages.zh.gradients import GRADIENTS
from nbcnncost.languages.zh.inputs import INPUTS
from nbcnncost.languages.zh.magic import MAGIC
from nbcnncost.languages.zh.mistakes import MISTAKES
from nbcnncost.languages.zh.predictions import PREDICTIONS
from nbcnncost.languages.zh.symbols import SYMBOLS
from nbcnncost.languages.zh.tables import TABLES
from nbcnncost.languages.zh.what_if import WHAT_IF

#: Every English template with its Chinese one.
ZH = MappingProxyType(
    {
        **TABLES,
        **ANSWERS,
        **CHARTS,
        **INPUTS,
        **MAGIC,
        **WHAT_IF,
        **COURSE,
        **MISTAKES,
        **PREDICTIONS,
        **FORMULAS,
        **GRADIENTS,
        **SYMBOLS,
        **CONVENTIONS,
    }
)
