"""Updates, objectives and latent gradients of small networks of every kind of layer, and of torchvision's architectures.

`layers`: lists of layers (the JSON holds them) read by an interpreter over torch.nn.functional. `models`: torchvision's architectures,
written down module by module, not as layers. Parameter k uses seed + k, U(-1, 1) spread / sqrt(fan in); gains U(.7, 1.3), shifts
U(-.3, .3); running means of norm n U(-.2, .2) from seed + 500 + 2 n, variances U(.5, 1.5) from seed + 501 + 2 n. Of an array are kept its
norm, its product with U(-1/2, 1/2) from seed 5, which every misplaced entry changes, and its first and last entry.
"""
import functools
import math

import numpy as np
import torch
import torch.nn.functional as F

from networks import cross_entropy
from streams import mulberry32, uniform


class Store:
    """Makes parameters when they are first asked for, and hands them out again in the same order."""

    def __init__(self, seed, masks=None, spread=1.0):
        self.seed, self.made, self.norms, self.masks, self.spread = seed, [], [], masks or {}, spread
        self.queue = self.norm_queue = None

    def start(self, parameters=None):
        self.queue = iter(parameters) if parameters is not None else None
        self.norm_queue = iter(self.norms) if parameters is not None else None
        self.dropouts = 0
        self.moments = []

    def draw(self, shape, low, high):
        if self.queue is not None:
            return next(self.queue)
        p = uniform(self.seed + len(self.made), shape, low, high)
        self.made.append(p)
        return p

    def weight(self, shape, fan_in):
        bound = self.spread / math.sqrt(fan_in)
        return self.draw(shape, -bound, bound)

    def gain_shift(self, shape):
        return self.draw(shape, 0.7, 1.3), self.draw(shape, -0.3, 0.3)

    def running(self, channels):
        if self.norm_queue is not None:
            return next(self.norm_queue)
        n = len(self.norms)
        pair = (uniform(self.seed + 500 + 2 * n, (channels,), -0.2, 0.2), uniform(self.seed + 501 + 2 * n, (channels,), 0.5, 1.5))
        self.norms.append(pair)
        return pair

    # the operations that torchvision's modules are made of
    def conv(self, x, filters, size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        size = [size, size] if isinstance(size, int) else size
        inputs = x.shape[1] // groups
        fan = inputs * size[0] * size[1]
        w = self.weight((filters, inputs, *size), fan)
        b = self.weight((filters,), fan) if bias else None
        if isinstance(padding, (list, tuple)):  # top, bottom, left, right
            top, bottom, left, right = padding
            x, padding = F.pad(x, (left, right, top, bottom)), 0
        return F.conv2d(x, w, b, stride, padding, dilation, groups)

    def linear(self, x, units, bias=True):
        w = self.weight((units, x.shape[-1]), x.shape[-1])
        b = self.weight((units,), x.shape[-1]) if bias else None
        return F.linear(x, w, b)

    def batch_norm(self, x, train, eps=1e-5, affine=True, momentum=0.1):
        mean, variance = self.running(x.shape[1])
        gain, shift = self.gain_shift((x.shape[1],)) if affine else (None, None)
        new_mean, new_variance = mean.clone(), variance.clone()
        y = F.batch_norm(x, new_mean, new_variance, gain, shift, train, momentum, eps)
        self.moments.append((new_mean, new_variance))
        return y

    def dropout(self, x, rate, mask='off', seed=1):
        k = self.dropouts
        self.dropouts += 1
        if mask != 'known' or rate == 0:
            return x
        shape = (x.shape[0], x.shape[2], x.shape[3], x.shape[1]) if x.dim() == 4 else tuple(x.shape)
        u = torch.from_numpy(mulberry32(self.masks[k], int(np.prod(shape)))).reshape(shape)
        keep = (u >= rate).to(x.dtype) / (1 - rate)
        return x * (keep.permute(0, 3, 1, 2) if x.dim() == 4 else keep)

    def attention(self, x, heads, bias=True):
        """x [batch, tokens, width]"""
        width = x.shape[-1]
        w_in = self.weight((3 * width, width), width)
        b_in = self.weight((3 * width,), width) if bias else None
        w_out = self.weight((width, width), width)
        b_out = self.weight((width,), width) if bias else torch.zeros(width, dtype=x.dtype)
        t = x.transpose(0, 1)
        y, _ = F.multi_head_attention_forward(t, t, t, width, heads, w_in, b_in, None, None, False, 0.0, w_out, b_out)
        return y.transpose(0, 1)


def same(size, dilation):
    total = [d * (n - 1) for d, n in zip(dilation, size)]
    return [total[0] // 2, total[0] - total[0] // 2, total[1] // 2, total[1] - total[1] // 2]


def pair(n):
    return [n, n] if isinstance(n, int) else list(n)


def sides(padding, size, dilation=(1, 1)):
    if padding == 'valid':
        return [0, 0, 0, 0]
    if padding == 'same':
        return same(size, dilation)
    return [padding] * 4 if isinstance(padding, int) else list(padding)


def padded(x, s, value=0.0):
    return F.pad(x, (s[2], s[3], s[0], s[1]), value=value)


SIMPLE = {
    'relu': F.relu, 'sigmoid': torch.sigmoid, 'tanh': torch.tanh, 'softplus': F.softplus, 'relu6': F.relu6, 'silu': F.silu,
    # hardswish and hardsigmoid have no second derivative in torch 1.13: from their definitions
    'hardswish': lambda x: x * F.relu6(x + 3) / 6, 'hardsigmoid': lambda x: F.relu6(x + 3) / 6, 'softmax': lambda x: F.softmax(x, 1),
    'mish': lambda x: x * torch.tanh(F.softplus(x)), 'softsign': F.softsign, 'logSigmoid': lambda x: -F.softplus(-x), 'tanhshrink': lambda x: x - torch.tanh(x),
    'abs': torch.abs, 'exp': torch.exp, 'log': torch.log, 'sqrt': torch.sqrt, 'reciprocal': torch.reciprocal, 'sin': torch.sin, 'cos': torch.cos, 'atan': torch.atan,
}


def interpret(store, layer, x):
    """One layer of our JSON on x [n, c, h, w]; tokens are [n, width, 1, tokens], flattened pictures [n, features]."""
    k = layer['kind']
    if k in SIMPLE:
        return SIMPLE[k](x)
    if k == 'conv':
        size, dilation = pair(layer['size']), pair(layer.get('dilation', 1))
        p = layer.get('padding')
        p = [dilation[0] * (size[0] // 2)] * 2 + [dilation[1] * (size[1] // 2)] * 2 if p is None else sides(p, size, dilation)
        return store.conv(x, layer['filters'], size, pair(layer.get('stride', 1)), p, dilation, layer.get('groups', 1), layer.get('bias', True))
    if k == 'dense':
        if layer.get('perToken'):
            return store.linear(x.permute(0, 2, 3, 1), layer['units'], layer.get('bias', False)).permute(0, 3, 1, 2)
        return store.linear(x.flatten(1), layer['units'], layer.get('bias', False))
    if k == 'leakyRelu':
        return F.leaky_relu(x, layer['slope'])
    if k == 'hardtanh':
        low, high = layer.get('low', -1), layer.get('high', 1)
        return F.relu(x - low) - F.relu(x - high) + low
    if k == 'hardshrink':
        return x * (x.abs() > layer.get('lambda', 0.5))
    if k == 'softshrink':
        return F.relu(x - layer.get('lambda', 0.5)) - F.relu(-x - layer.get('lambda', 0.5))
    if k == 'poolChannels':
        apart = x.unflatten(1, (-1, layer.get('size', x.shape[1])))
        return apart.mean(2) if layer['by'] == 'mean' else apart.amax(2)
    if k == 'resize':
        method = layer.get('method', 'nearest')
        return F.interpolate(x, size=pair(layer['size']), mode=method, **({} if method == 'nearest' else {'align_corners': False}))
    if k == 'reshape':
        h, w, c = layer['shape']
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], h, w, c).permute(0, 3, 1, 2)
    if k == 'elu':
        return F.elu(x, layer.get('alpha', 1.0))
    if k == 'gelu':
        return F.gelu(x, approximate='tanh' if layer.get('form') == 'tanh' else 'none')
    if k in ('maxPool', 'averagePool'):
        size, s = pair(layer['size']), sides(layer.get('padding', 'valid'), pair(layer['size']))
        stride = pair(layer.get('stride', layer['size']))
        if k == 'maxPool':
            return F.max_pool2d(padded(x, s, -math.inf), size, stride)
        if layer.get('countIncludePad', True):
            return F.avg_pool2d(padded(x, s), size, stride)
        assert s[0] == s[1] == s[2] == s[3]
        return F.avg_pool2d(x, size, stride, s[0], False, False)
    if k == 'adaptiveAveragePool':
        return F.adaptive_avg_pool2d(x, layer['size'])
    if k == 'globalAveragePool':
        return F.adaptive_avg_pool2d(x, 1)
    if k == 'scale':
        return x * layer['factor']
    if k == 'normalize':
        mean, std = (torch.tensor(layer[n], dtype=x.dtype).view(1, -1, 1, 1) for n in ('mean', 'std'))
        return (x - mean) / std
    if k == 'flatten':
        return x.flatten(1)
    if k == 'batchNorm':
        return store.batch_norm(x, layer.get('mode', 'train') == 'train', layer.get('epsilon', 1e-5), layer.get('affine', True))
    if k == 'groupNorm':
        g, b = store.gain_shift((x.shape[1],)) if layer.get('affine', True) else (None, None)
        return F.group_norm(x, layer['groups'], g, b, layer.get('epsilon', 1e-5))
    if k == 'instanceNorm':
        g, b = store.gain_shift((x.shape[1],)) if layer.get('affine', False) else (None, None)
        return F.instance_norm(x, weight=g, bias=b, eps=layer.get('epsilon', 1e-5))
    if k == 'layerNorm':
        shape = tuple(x.shape[1:]) if layer.get('over') == 'all' else (x.shape[1],)
        g, b = store.gain_shift(shape) if layer.get('affine', True) else (None, None)
        if layer.get('over') == 'all':
            return F.layer_norm(x, shape, g, b, layer.get('epsilon', 1e-5))
        return F.layer_norm(x.movedim(1, -1), shape, g, b, layer.get('epsilon', 1e-5)).movedim(-1, 1)
    if k == 'dropout':
        return store.dropout(x, layer['rate'], layer.get('mask', 'off'))
    if k == 'patchEmbedding':
        y = store.conv(x, layer['units'], pair(layer['size']), pair(layer['size']), bias=layer.get('bias', True))
        return y.flatten(2).unsqueeze(2)
    if k == 'classToken':
        token = store.weight((x.shape[1],), x.shape[1])
        return torch.cat([token.view(1, -1, 1, 1).expand(x.shape[0], -1, 1, 1), x], 3)
    if k == 'positions':
        return x + store.weight((x.shape[3], x.shape[1]), x.shape[1]).T.unsqueeze(0).unsqueeze(2)
    if k == 'takeToken':
        i = layer.get('index', 0)
        return x[:, :, :, i:i + 1]
    if k == 'attention':
        y = store.attention(x.squeeze(2).transpose(1, 2), layer['heads'], layer.get('bias', True))
        return y.transpose(1, 2).unsqueeze(2)
    if k == 'residual':
        return run(store, layer['body'], x) + run(store, layer['shortcut'], x)
    if k == 'branches':
        parts = [run(store, branch, x) for branch in layer['branches']]
        if layer.get('join') == 'max':
            return functools.reduce(torch.maximum, parts)
        if layer.get('join') == 'multiply':
            return math.prod((p if p.dim() > 2 else p[:, :, None, None] for p in parts[1:]), start=parts[0])
        return sum(parts[1:], parts[0]) if layer.get('join') == 'add' else torch.cat(parts, 1)
    if k == 'graph':
        values = [x]
        for n in layer['nodes']:
            taken = [values[i] for i in n['from']]
            if max(v.dim() for v in taken) > 2:
                taken = [v if v.dim() > 2 else v[:, :, None, None] for v in taken]
            joined = {'concat': lambda v: torch.cat(v, 1), 'add': lambda v: sum(v[1:], v[0]), 'multiply': math.prod, 'max': lambda v: functools.reduce(torch.maximum, v)}[n.get('join', 'concat')](taken)
            values.append(run(store, n['layers'], joined))
        return values[-1]
    if k == 'prelu':
        slope = store.weight((1 if layer.get('shared') else x.shape[1],), 1)
        return F.relu(x) - slope.view(1, -1, *[1] * (x.dim() - 2)) * F.relu(-x)
    if k == 'pad':
        p = layer['padding']
        t, b, l, r = p if isinstance(p, list) else [p] * 4
        mode = layer.get('mode', 'zeros')
        return F.pad(x, (l, r, t, b), 'constant' if mode == 'zeros' else mode)
    if k == 'shuffleChannels':
        g = layer['groups']
        return x.unflatten(1, (g, x.shape[1] // g)).transpose(1, 2).flatten(1, 2)
    if k == 'depthToSpace':
        if layer.get('order', 'crd') == 'dcr':
            b = layer['block']
            x = x.unflatten(1, (b * b, x.shape[1] // b ** 2)).transpose(1, 2).flatten(1, 2)
        return F.pixel_shuffle(x, layer['block'])
    if k == 'spaceToDepth':
        y = F.pixel_unshuffle(x, layer['block'])
        return y.unflatten(1, (x.shape[1], layer['block'] ** 2)).transpose(1, 2).flatten(1, 2) if layer.get('order') == 'dcr' else y
    if k == 'scaleChannels':
        return x * store.draw((1 if layer.get('shared') else x.shape[1],), 0.7, 1.3).view(1, -1, *[1] * (x.dim() - 2))
    if k == 'shiftChannels':
        return x + store.draw((1 if layer.get('shared') else x.shape[1],), -0.3, 0.3).view(1, -1, *[1] * (x.dim() - 2))
    if k == 'takeChannels':
        return x[:, layer['from']:layer['from'] + layer['count']]
    raise ValueError(k)


def run(store, layers, x):
    for layer in layers:
        x = interpret(store, layer, x)
    return x


# torchvision's architectures, https://pytorch.org/vision/stable/models.html, as functions
def resnet(blocks, width, train, classes):
    wide = lambda c: max(1, math.floor(c * width + 0.5))

    def net(s, x):
        bn = lambda y: s.batch_norm(y, train)
        x = F.max_pool2d(F.relu(bn(s.conv(x, wide(64), 7, 2, 3, bias=False))), 3, 2, 1)
        planes = wide(64)
        for stage, (c, count) in enumerate(zip((64, 128, 256, 512), blocks)):
            for k in range(count):
                stride = 2 if stage and not k else 1
                y = bn(s.conv(F.relu(bn(s.conv(x, wide(c), 3, stride, 1, bias=False))), wide(c), 3, 1, 1, bias=False))
                if stride != 1 or planes != wide(c):
                    x = bn(s.conv(x, wide(c), 1, stride, bias=False))
                x, planes = F.relu(y + x), wide(c)
        return s.linear(F.adaptive_avg_pool2d(x, 1).flatten(1), classes)

    return net


def mobilenet_v2(width, train, classes):
    def divisible(v):
        n = max(8, int(v + 4) // 8 * 8)
        return n + 8 if n < 0.9 * v else n

    def net(s, x):
        block = lambda y, c, size=1, stride=1, groups=1: s.batch_norm(s.conv(y, c, size, stride, size // 2, groups=groups, bias=False), train)
        x = F.relu6(block(x, divisible(32 * width), 3, 2))
        for t, c, n, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
            for k in range(n):
                step, inputs, out = (stride if k == 0 else 1), x.shape[1], divisible(c * width)
                y = x if t == 1 else F.relu6(block(x, inputs * t))
                y = F.relu6(block(y, inputs * t, 3, step, inputs * t))
                y = block(y, out)
                x = x + y if step == 1 and inputs == out else y
        x = F.relu6(block(x, divisible(1280 * max(1.0, width))))
        return s.linear(s.dropout(F.adaptive_avg_pool2d(x, 1).flatten(1), 0.2), classes)

    return net


def vgg11(width, classes):
    wide = lambda c: max(1, math.floor(c * width + 0.5))

    def net(s, x):
        for c in (64, 'M', 128, 'M', 256, 256, 'M', 512, 512, 'M', 512, 512, 'M'):
            x = F.max_pool2d(x, 2) if c == 'M' else F.relu(s.conv(x, wide(c), 3, 1, 1))
        x = F.adaptive_avg_pool2d(x, 7).flatten(1)
        for _ in range(2):
            x = s.dropout(F.relu(s.linear(x, wide(4096))), 0.5)
        return s.linear(x, classes)

    return net


def alexnet(width, classes):
    wide = lambda c: max(1, math.floor(c * width + 0.5))

    def net(s, x):
        x = F.max_pool2d(F.relu(s.conv(x, wide(64), 11, 4, 2)), 3, 2)
        x = F.max_pool2d(F.relu(s.conv(x, wide(192), 5, 1, 2)), 3, 2)
        for c in (384, 256, 256):
            x = F.relu(s.conv(x, wide(c), 3, 1, 1))
        x = F.adaptive_avg_pool2d(F.max_pool2d(x, 3, 2), 6).flatten(1)
        for _ in range(2):
            x = F.relu(s.linear(s.dropout(x, 0.5), wide(4096)))
        return s.linear(x, classes)

    return net


def lenet5(classes):
    def net(s, x):
        x = F.avg_pool2d(torch.tanh(s.conv(x, 6, 5, 1, 2 if x.shape[2] < 32 else 0)), 2)
        x = F.avg_pool2d(torch.tanh(s.conv(x, 16, 5)), 2).flatten(1)
        return s.linear(torch.tanh(s.linear(torch.tanh(s.linear(x, 120)), 84)), classes)

    return net


def vit(patch, width, depth, heads, hidden, classes):
    def net(s, x):
        x = s.conv(x, width, patch, patch).flatten(2).transpose(1, 2)
        token = s.weight((width,), width)
        x = torch.cat([token.expand(x.shape[0], 1, width), x], 1)
        x = s.dropout(x + s.weight((x.shape[1], width), width), 0.1)
        norm = lambda y: F.layer_norm(y, (width,), *s.gain_shift((width,)), 1e-6)
        for _ in range(depth):
            x = x + s.dropout(s.attention(norm(x), heads), 0.1)
            x = x + s.dropout(s.linear(s.dropout(F.gelu(s.linear(norm(x), hidden)), 0.1), width), 0.1)
        return s.linear(norm(x)[:, 0], classes)

    return net


def client(net, store, parameters, x, onehot, steps, rate, graph):
    """(w0 - w_tau) / rate, and the loss at w0"""
    weights, first = list(parameters), None
    total = [torch.zeros_like(p) for p in parameters]
    for _ in range(steps):
        store.start(weights)
        loss = cross_entropy(net(store, x), onehot)
        first = loss if first is None else first
        g = torch.autograd.grad(loss, weights, create_graph=graph or steps > 1)
        weights = [w - rate * d for w, d in zip(weights, g)]
        total = [t + d for t, d in zip(total, g)]
    return total, first


def digits(value):
    return float(f'{float(value):.9g}')


def summary(t):
    """norm, product with U(-1/2, 1/2) from seed 5, first and last entry"""
    f = t.detach().double().flatten()
    return [digits(v) for v in (f.norm(), (f * uniform(5, f.shape, -0.5, 0.5)).sum(), f[0], f[-1])]


def relative(a, b):
    return float((a.double() - b).norm() / b.norm()) if float(b.norm()) > 0 else 0.0


def case(name, net, shape, batch, seed, classes=5, steps=1, rate=0.05, masks=None, spread=1.0, **more):
    """`shape` is [height, width, channels]."""
    height, width, channels = shape
    labels = [(3 * i + seed) % classes for i in range(batch)]
    results = {}
    for dtype in (torch.float64, torch.float32):
        store = Store(seed, masks, spread)
        store.start()
        x = uniform(seed + 900, (batch, channels, height, width)).to(dtype)
        with torch.no_grad():
            net(store, x.double())
        store.norms = [(m.to(dtype), v.to(dtype)) for m, v in store.norms]
        parameters = [p.to(dtype).requires_grad_(True) for p in store.made]
        onehot = F.one_hot(torch.tensor(labels), classes).to(dtype)
        target, loss = client(net, store, parameters, x, onehot, steps, rate, False)
        target = [t.detach() for t in target]
        running = [v for pair_ in store.moments for v in pair_]
        z = uniform(seed + 901, (batch, channels, height // 4, width // 4)).to(dtype).requires_grad_(True)
        up = F.interpolate(z, size=(height, width), mode='bicubic', align_corners=False)
        found, _ = client(net, store, parameters, up, onehot, steps, rate, True)
        objective = sum(((a - b) ** 2).sum() for a, b in zip(found, target))
        dz, = torch.autograd.grad(objective, z)
        results[dtype] = (loss.detach(), target, objective.detach(), dz, running)
    loss, target, objective, dz, running = results[torch.float64]
    loss32, target32, objective32, dz32, _ = results[torch.float32]
    whole = torch.cat([t.flatten() for t in target])
    error = {k: digits(v) for k, v in {'loss': relative(loss32, loss), 'update': relative(torch.cat([t.flatten() for t in target32]), whole),
             'objective': relative(objective32, objective), 'latent': relative(dz32, dz)}.items()}
    return {'name': name, 'imageShape': shape, 'batch': batch, 'classes': classes, 'seed': seed, 'spread': spread, 'localSteps': steps, 'learningRate': rate,
            'labels': labels, **more, 'loss': digits(loss), 'update': [summary(t) for t in target], 'updateNorm': digits(whole.norm()),
            'objective': digits(objective), 'latentGradient': summary(dz), 'statistics': [summary(v) for v in running] if steps == 1 else [],
            'float32Error': error}


def derive_seeds(count, seed):
    """Seeds of the dropout layers' masks, as src/core/random.ts deriveSeed(seed, 'dropout', 0, k) gives them."""
    def derive(*parts):
        h = 0x811C9DC5
        for c in '|'.join(str(p) for p in parts):
            h = ((h ^ ord(c)) * 0x01000193) & 0xFFFFFFFF
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
        return h ^ (h >> 16)
    return {k: derive(seed, 'dropout', 0, k) for k in range(count)}


def L(kind, **options):
    return {'kind': kind, **options}


def conv(filters, size=3, **options):
    return L('conv', filters=filters, size=size, **options)


def dense(units, bias=True, **options):
    return L('dense', units=units, bias=bias, **options)


def norm(mode, **options):
    return L('batchNorm', mode=mode, **options)


def N(values, *layers, **options):
    return {'from': values, **options, 'layers': list(layers)}


LAYERS = {
    'strides, dilations, groups, sides': ([16, 12, 3], 2, 1, [
        L('normalize', mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        conv(6, 3, stride=2, padding=1, dilation=2), L('relu'), conv(8, [3, 2], padding=[1, 0, 2, 1], groups=2, bias=False), L('silu'),
        L('maxPool', size=3, stride=2, padding=1), conv(4, 2, padding='same', dilation=[1, 2]), L('softplus'),
        conv(6, 4, stride=[2, 1]), L('tanh'), L('flatten'), dense(5)]),
    'depthwise, batch norm in evaluation': ([12, 12, 3], 2, 1, [
        conv(6, 3, stride=2, padding=1, bias=False), norm('eval'), L('relu6'), conv(12, 1, bias=False), norm('eval', epsilon=0.001), L('hardswish'),
        conv(12, 3, stride=2, groups=12, bias=False), norm('eval', affine=False), L('silu'),
        L('residual', body=[conv(12, 3, groups=12), norm('eval'), L('hardsigmoid')], shortcut=[]), L('globalAveragePool'), dense(5)]),
    'batch norm in training, two local steps': ([8, 8, 3], 4, 2, [
        conv(6, bias=False), norm('train'), L('relu'),
        L('residual', body=[conv(8, stride=2, bias=False), norm('train'), L('relu'), conv(8, bias=False), norm('train')],
          shortcut=[conv(8, 1, stride=2, bias=False), norm('train')]),
        L('relu'), L('globalAveragePool'), dense(5)]),
    'batch norm in training, one local step': ([8, 12, 1], 3, 1, [
        conv(4, padding='valid'), norm('train', epsilon=0.01), L('elu'), L('averagePool', size=2), dense(7),
        norm('train', affine=False), L('gelu'), dense(5)]),
    'group, instance and layer norm': ([8, 8, 2], 2, 1, [
        conv(6, bias=False), L('groupNorm', groups=3), L('gelu'), conv(6), L('instanceNorm', affine=True), L('elu', alpha=0.7),
        L('maxPool', size=2), L('layerNorm', over='all'), L('gelu', form='tanh'), conv(4), L('layerNorm'), L('instanceNorm', epsilon=0.1),
        L('leakyRelu', slope=0.2), L('flatten'), norm('eval'), dense(5, bias=False)]),
    'pools': ([12, 16, 2], 2, 1, [
        conv(4, 3), L('averagePool', size=3, stride=2, padding=1, countIncludePad=False), L('sigmoid'), conv(5, 3),
        L('maxPool', size=[3, 2], stride=[2, 1]), L('scale', factor=3), L('averagePool', size=2, stride=1, padding=1), L('tanh'),
        L('maxPool', size=2, stride=1, padding=[0, 1, 1, 0]), L('adaptiveAveragePool', size=3), dense(5)]),
    'attention, class token, known dropout': ([8, 8, 3], 2, 1, [
        L('patchEmbedding', size=4, units=8), L('classToken'), L('positions'), L('dropout', rate=0.2, mask='known', seed=11),
        L('residual', body=[L('layerNorm', epsilon=1e-6), L('attention', heads=2)], shortcut=[]),
        L('residual', body=[L('layerNorm'), dense(12, perToken=True), L('gelu'), L('dropout', rate=0.5, mask='known', seed=11), dense(8, bias=False, perToken=True)], shortcut=[]),
        L('attention', heads=4, bias=False), L('layerNorm', affine=False), L('takeToken'), dense(5)]),
    'branches': ([8, 8, 1], 2, 3, [
        L('branches', branches=[[conv(3, 1)], [conv(2, 3), L('tanh'), conv(3, 3)], [L('averagePool', size=3, stride=1, padding=1)], []]), L('softplus'),
        L('branches', branches=[[conv(4, 3, stride=2)], [conv(4, 1, stride=2, bias=False), L('sigmoid')], [L('averagePool', size=2), conv(4, 1)]], join='add'),
        L('softmax'), dense(9), L('dropout', rate=0.3), L('tanh'), dense(5)]),
    'Mish, hardtanh': ([8, 8, 2], 2, 2, [conv(5), L('mish'), conv(4), L('scale', factor=4), L('hardtanh'), dense(5)]),
    'gates, learned slopes, mirrored edges, moved channels': ([8, 9, 3], 2, 2, [
        L('pad', padding=[1, 2, 2, 1], mode='reflect'), conv(6, 3, padding='valid'), L('prelu'),
        L('branches', join='multiply', branches=[[], [L('globalAveragePool'), conv(4, 1), L('silu'), conv(6, 1), L('sigmoid')]]),
        L('branches', branches=[[L('takeChannels', **{'from': 0, 'count': 2})], [L('takeChannels', **{'from': 2, 'count': 4}), conv(4, 1), L('prelu', shared=True)]]),
        L('shuffleChannels', groups=3), L('pad', padding=1, mode='replicate'), conv(4, 3, padding=0, stride=2), L('pad', padding=[0, 1, 0, 0]), L('tanh'),
        L('branches', join='multiply', branches=[[], [L('globalAveragePool'), L('flatten'), dense(4), L('hardsigmoid')]]), L('flatten'), dense(5)]),
    'blocks of pixels, learned channels, cut and circular edges': ([8, 10, 2], 2, 2, [
        L('spaceToDepth', block=2), conv(6), L('scaleChannels'), L('tanh'), L('pad', padding=[1, 2, 0, 1], mode='circular'), conv(8, padding='valid'),
        L('shiftChannels'), L('silu'), L('depthToSpace', block=2), L('pad', padding=[-1, 1, 0, -2]), L('spaceToDepth', block=2, order='dcr'),
        L('branches', join='multiply', branches=[[], []]), L('depthToSpace', block=2, order='dcr'), L('flatten'), L('scaleChannels'),
        dense(7), L('scaleChannels'), L('shiftChannels'), L('elu'), dense(5)]),
    'values that cross': ([8, 8, 3], 3, 1, [
        conv(4), L('graph', nodes=[
            N([0], conv(4, bias=False), norm('train'), L('relu')), N([0, 1], conv(6, stride=2), L('tanh'), join='add'),
            N([1], L('averagePool', size=2), conv(3, 1)), N([2, 3], norm('train'), L('silu')),
            N([2], L('globalAveragePool'), L('flatten'), dense(9), L('sigmoid')), N([4, 5], join='multiply'),
            N([6, 3, 2], L('takeChannels', **{'from': 1, 'count': 12}), conv(9, 3), join='concat'), N([6, 7, 4], join='add')]),
        L('softplus'), L('globalAveragePool'), L('graph', nodes=[N([0], L('flatten'), dense(9)), N([0, 1, 1], L('tanh'), join='add'), N([2, 1], join='multiply')]),
        dense(5)]),
    'values that cross, two local steps': ([8, 8, 2], 2, 2, [
        L('graph', nodes=[N([0], conv(3), L('silu')), N([0], conv(3, 1)), N([1, 2], conv(3), L('tanh'), join='add'), N([1, 3], conv(2), join='multiply'), N([4, 2, 0], L('gelu'))]),
        L('averagePool', size=2), L('flatten'), dense(5)]),
    'functions of one number': ([8, 8, 2], 2, 1, [
        conv(6), L('softsign'), L('branches', branches=[[L('logSigmoid'), L('exp')], [L('scale', factor=2), L('tanhshrink')], [L('abs')], [L('scale', factor=3), L('sin')], [L('cos'), L('atan')]]),
        conv(6, 1), L('branches', branches=[[L('softplus'), L('log')], [L('exp'), L('sqrt')], [L('softplus'), L('reciprocal')], [L('hardtanh', low=-0.3, high=0.4)], [L('hardtanh')],
          [L('hardshrink', **{'lambda': 0.2})], [L('softshrink', **{'lambda': 0.1})], [L('hardshrink')], [L('softshrink')]]), L('averagePool', size=4), dense(5)]),
    'pooled channels, other sizes, learned numbers, the largest': ([8, 8, 3], 2, 2, [
        conv(6), L('scaleChannels', shared=True), L('tanh'), L('branches', join='max', branches=[[conv(4)], [conv(4, 1), L('shiftChannels', shared=True)], [L('takeChannels', **{'from': 1, 'count': 4})]]),
        L('branches', branches=[[], [L('poolChannels', by='mean')], [L('poolChannels', by='max')], [L('poolChannels', by='max', size=2), conv(2)]]),
        L('graph', nodes=[N([0], conv(4), L('silu')), N([1], L('maxPool', size=2), conv(4)), N([2], L('resize', size=[8, 8])), N([1, 3], L('poolChannels', by='mean', size=2), join='max'),
          N([2], L('resize', size=8, method='bilinear'), conv(2, 1)), N([4, 5], join='add'), N([2], L('resize', size=[8, 10], method='bicubic'), L('pad', padding=[0, 0, -1, -1])), N([6, 7])]),
        L('averagePool', size=4), L('reshape', shape=[1, 12, 2]), conv(3, [1, 3]), L('reshape', shape=[1, 1, 36]), L('tanh'), dense(5)]),
}


def layers(seed):
    made = []
    for k, (name, (shape, batch, steps, stack)) in enumerate(LAYERS.items()):
        masks = derive_seeds(2, 11) if 'dropout' in name else None
        net = lambda s, x, stack=stack: run(s, stack, x).flatten(1)
        made.append(case(name, net, shape, batch, seed + 2000 * k, steps=steps, masks=masks, layers=stack))
    return {'cases': made}


# keeps the pictures' traces alive through the depth of the networks
SPREAD = 2.4


def models(seed):
    c = 5
    cases = [
        ('resnet18', {'width': 0.125, 'batchNorm': 'eval'}, resnet([2, 2, 2, 2], 0.125, False, c), [32, 32, 3], 2),
        ('resnet18', {'width': 0.125}, resnet([2, 2, 2, 2], 0.125, True, c), [48, 48, 3], 3),
        ('resnet34', {'width': 0.0625, 'batchNorm': 'eval'}, resnet([3, 4, 6, 3], 0.0625, False, c), [32, 32, 1], 1),
        ('mobilenetV2', {'width': 0.25, 'batchNorm': 'eval'}, mobilenet_v2(0.25, False, c), [32, 32, 3], 1),
        ('vgg11', {'width': 0.03125}, vgg11(0.03125, c), [32, 32, 3], 1),
        ('alexnet', {'width': 0.03125}, alexnet(0.03125, c), [64, 64, 3], 1),
        ('lenet5', {}, lenet5(c), [28, 28, 1], 2),
        ('vit', {'patch': 4, 'width': 16, 'depth': 2, 'heads': 4, 'hidden': 24}, vit(4, 16, 2, 4, 24, c), [16, 16, 3], 2),
    ]
    made = [case(name, net, shape, batch, seed + 2000 * k, spread=SPREAD, options=options) for k, (name, options, net, shape, batch) in enumerate(cases)]
    return {'cases': made}


