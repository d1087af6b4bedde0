def value(row, column):
    """What a row holds in a column; None where it is missing."""
    if column not in row:
        raise ValueError(f"the row has no column {column!r}; where its value is missing, let it be None (in JSON null)")
    found = row[column]
    return None if found != found else found  # of all values NaN alone differs from itself


def number(row, column, shift, scale, missing):
    """A number becomes (number - shift) / scale; `missing` stands for one that is not there."""
    found = value(row, column)
    if found is None:
        found = missing
    elif not isinstance(found, (int, float)) or found in (math.inf, -math.inf):
        raise ValueError(f"column {column!r} is {found!r}; a finite number is expected, or None where it is missing")
    return (found - shift) / scale


def flag(row, column, missing):
    """True becomes 1 and False 0; `missing` stands for one that is not there."""
    found = value(row, column)
    if found is None:
        return missing
    if found not in (True, False):
        raise ValueError(f"column {column!r} is {found!r}; True or False is expected, or None where it is missing")
    return float(found)


def text(row, column):
    """A text; None where it is missing."""
    found = value(row, column)
    if not (found is None or isinstance(found, str)):
        raise ValueError(f"column {column!r} is {found!r}; a text is expected, or None where it is missing")
    return found


def one_hot(row, column, texts):
    """One input for each text that the column may hold: 1 where it does, else 0. A missing or unseen text is none."""
    found = text(row, column)
    return [float(found == each) for each in texts]


def code(row, column, texts):
    """The place of a text among those that the column may hold; their number where it is missing or was never seen."""
    found = text(row, column)
    return texts.index(found) if found in texts else len(texts)


def is_missing(row, column):
    """1 where a value is missing, else 0."""
    return float(value(row, column) is None)


def row_of_table(row, column, x, count):
    """An input that numbers a row of an embedding's table, which has so many: the first is 0."""
    if not (0 <= x < count and x == int(x)):
        found = value(row, column)
        told = f"missing, which counts as {x}" if found is None else repr(found)
        raise ValueError(f"column {column!r} is {told}; a whole number from 0 to {count - 1} is expected")
    return x


def weighted_sum(weights, x):
    """Every input times its weight, all added up: w1 x1 + w2 x2 + ..."""
    return sum(map(mul, weights, x))


def dense(x, weights, biases):
    """A layer of units, each of which takes the weighted sum of all inputs and adds its bias: z = W x + b."""
    return [weighted_sum(row, x) + bias for row, bias in zip(weights, biases)]


def channels(x, count):
    """The values of each channel: they lie one channel after the other. Without an image every value is a channel."""
    size = len(x) // count
    return [x[start : start + size] for start in range(0, len(x), size)]


def windows(image, kernel, stride, padding, places):
    """A window that moves over an image. For each place where it stops: which of its cells lies on which pixel.

    The padding around the image has no pixels, so cells there are left out, which is as if they were 0.
    """
    height, width = image
    tops = [place * stride[0] - padding[0] for place in range(places[0])]
    lefts = [place * stride[1] - padding[1] for place in range(places[1])]
    return [
        [
            (i * kernel[1] + j, (top + i) * width + left + j)
            for i in range(kernel[0])
            for j in range(kernel[1])
            if 0 <= top + i < height and 0 <= left + j < width
        ]
        for top in tops
        for left in lefts
    ]


def convolution(x, filters, biases, windows):
    """Every filter takes, wherever the window stops, the weighted sum of what it sees in all channels, and adds its bias."""
    image = channels(x, len(filters[0]))
    return [
        sum(weights[cell] * channel[pixel] for weights, channel in zip(each, image) for cell, pixel in window) + bias
        for each, bias in zip(filters, biases)
        for window in windows
    ]


def max_pooling(x, count, windows):
    """The highest value that the window sees in each channel, wherever it stops."""
    return [max(channel[pixel] for _, pixel in window) for channel in channels(x, count) for window in windows]


def average_pooling(x, count, windows, cells):
    """The mean of what the window sees in each channel, wherever it stops; what lies beyond the image counts as 0."""
    return [sum(channel[pixel] for _, pixel in window) / cells for channel in channels(x, count) for window in windows]


def batch_normalisation(x, weights, biases, means, variances, epsilon):
    """Each channel about its mean in training, in units of its deviation there, then scaled and shifted as was learned."""
    y = []
    for values, weight, bias, mean, variance in zip(channels(x, len(means)), weights, biases, means, variances):
        deviation = math.sqrt(variance + epsilon)
        y += [weight * (value - mean) / deviation + bias for value in values]
    return y


def layer_normalisation(x, weights, biases, epsilon):
    """All values about their mean, in units of their deviation, then scaled and shifted as was learned."""
    mean = sum(x) / len(x)
    deviation = math.sqrt(sum((value - mean) * (value - mean) for value in x) / len(x) + epsilon)
    return [weight * (value - mean) / deviation + bias for value, weight, bias in zip(x, weights, biases)]


def lookup(x, table):
    """Every input is a code; the row of the table that it numbers stands for it."""
    return [number for place in x for number in table[int(place)]]


def embedding(x, tables):
    """Some inputs are codes; the row of a table, which is that of their place in x, stands for each. The others stay."""
    y = []
    for place, value in enumerate(x):
        y += tables[place][int(value)] if place in tables else [value]
    return y


def add(x, y):
    """The sum, value by value."""
    return [a + b for a, b in zip(x, y)]


def prelu(x, slopes):
    """z where z > 0, else slope z, with a learned slope for each channel."""
    return [z if z > 0 else slope * z for values, slope in zip(channels(x, len(slopes)), slopes) for z in values]


def sigmoid(z):
    """1 / (1 + exp(-z)): between 0 and 1, and 1/2 at 0. Written so that exp cannot overflow."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def tanh(z):
    """The hyperbolic tangent: between -1 and 1, and 0 at 0."""
    return math.tanh(z)


def relu(z):
    """z where it is above 0, else 0."""
    return max(0.0, z)


def leaky_relu(z, negative_slope):
    """z where it is above 0, else a small share of it."""
    return z if z > 0 else negative_slope * z


def elu(z, alpha):
    """z where it is above 0, else alpha (exp(z) - 1)."""
    return z if z > 0 else alpha * math.expm1(z)


def selu(z):
    """z where it is above 0, else alpha (exp(z) - 1), times a scale that keeps the spread of values from layer to layer."""
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return scale * (z if z > 0 else alpha * math.expm1(z))


def gelu(z):
    """z times the probability of less than z in the standard normal distribution."""
    return z * math.erfc(-z / math.sqrt(2)) / 2


def gelu_tanh(z):
    """z times about the probability of less than z in the standard normal distribution."""
    return z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z))) / 2


def silu(z):
    """z times sigmoid z."""
    return z * sigmoid(z)


def softplus(z, beta):
    """ln(1 + exp(beta z)) / beta: a ReLU without the corner. Written so that exp cannot overflow."""
    return (max(0.0, beta * z) + math.log1p(math.exp(-abs(beta * z)))) / beta


def softsign(z):
    """z / (1 + |z|): between -1 and 1."""
    return z / (1 + abs(z))


def hard_tanh(z, minimum, maximum):
    """z, kept between two bounds."""
    return min(max(z, minimum), maximum)


def softmax(x):
    """Shares that add up to 1, each in proportion to exp(z). All are taken less the highest, so that exp cannot overflow."""
    highest = max(x)
    powers = [math.exp(z - highest) for z in x]
    total = sum(powers)
    return [power / total for power in powers]


def exponential(z):
    """exp(z), infinite where it is beyond all numbers."""
    return math.exp(z) if z < 709 else math.inf


def float32(numbers):
    """The numbers as they were trained: with 32 bits each."""
    return array("f", numbers)


def stored(numbers, kind, *shape):
    """A tensor from base64: its numbers, floats ("f") or doubles ("d") with the lowest byte first, in lists of lists."""
    tensor = array(kind, base64.b64decode(numbers))
    if sys.byteorder == "big":
        tensor.byteswap()
    for size in reversed(shape[1:]):
        tensor = [tensor[start : start + size] for start in range(0, len(tensor), size)]
    return tensor
