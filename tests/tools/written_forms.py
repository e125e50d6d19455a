"""The written forms of digits, drawn of lines and arcs for the tests alone: no network has learnt from these.

Points are (x, y) in 0..1, y down. An arc's angles are in degrees, 0 to the right, 90 down, 180 to the left.
"""

import numpy as np


def arc(centre, radii, start, end):
    angles = np.radians(np.linspace(start, end, 2 + int(abs(end - start) / 12)))
    return np.array(centre) + np.array(radii) * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def line(*points):
    return np.array(points, dtype=float)


def joined(*parts):
    return np.concatenate(parts)


def one(rng):
    return [line((0.5, 0.05), (0.5 + rng.uniform(-0.08, 0.02), 0.95))]


def one_with_flag(rng):
    wide = rng.uniform(0.12, 0.36)
    start = (0.52 - wide, 0.05 + wide * rng.uniform(0.8, 1.7))
    return [line(start, (0.52, 0.05), (0.52 + rng.uniform(-0.08, 0.02), 0.95))]


def one_with_flag_and_base(rng):
    half = rng.uniform(0.15, 0.32)
    return [*one_with_flag(rng), line((0.5 - half, 0.95), (0.5 + half, 0.95))]


def seven(rng):
    return [line((0.18, 0.07), (rng.uniform(0.68, 0.82), 0.06), (rng.uniform(0.28, 0.46), 0.95))]


def seven_with_bar(rng):
    [stroke] = seven(rng)
    middle = stroke[1:].mean(axis=0)
    left, right = rng.uniform(0.12, 0.26, 2)
    return [stroke, middle + line((-left, rng.uniform(0, 0.04)), (right, 0))]


def seven_with_serif(rng):
    [stroke] = seven(rng)
    return [joined(line((0.19, rng.uniform(0.16, 0.26))), stroke)]


def four_open(rng):
    level = rng.uniform(0.5, 0.64)
    return [
        line((rng.uniform(0.22, 0.36), 0.05), (0.18, level), (0.8, level)),
        line((0.62, rng.uniform(0.08, 0.4)), (rng.uniform(0.54, 0.64), 0.95)),
    ]


def four_closed(rng):
    level = rng.uniform(0.58, 0.7)
    return [line((0.6, 0.05), (0.15, level), (0.82, level)), line((0.6, 0.05), (rng.uniform(0.55, 0.62), 0.95))]


def nine_with_straight_leg(rng):
    wide, high = rng.uniform(0.2, 0.27), rng.uniform(0.18, 0.25)
    loop = arc((0.45, 0.05 + high), (wide, high), -20, -355)
    return [joined(loop, line((0.45 + wide + rng.uniform(-0.06, 0.04), 0.95)))]


def nine_with_curved_leg(rng):
    wide, high = rng.uniform(0.2, 0.27), rng.uniform(0.18, 0.24)
    loop = arc((0.45, 0.05 + high), (wide, high), -20, -350)
    return [joined(loop, arc((0.45 + wide - 0.3, 0.55), (0.3, 0.38), 10, rng.uniform(80, 120)))]


def zero(rng):
    return [arc((0.5, 0.5), (rng.uniform(0.22, 0.34), 0.45), -80, -435)]


def zero_with_slash(rng):
    return [*zero(rng), line((rng.uniform(0.68, 0.8), 0.12), (rng.uniform(0.2, 0.32), 0.88))]


def eight_of_two_circles(rng):
    upper, lower = rng.uniform(0.17, 0.22), rng.uniform(0.21, 0.26)
    return [
        arc((0.5, 0.05 + upper), (upper * rng.uniform(0.8, 1.1), upper), -90, -450),
        arc((0.5, 0.05 + 2 * upper + lower), (lower * rng.uniform(0.8, 1.1), lower), -90, -450),
    ]


def two(rng):
    return [joined(arc((0.48, 0.28), (0.26, 0.23), 190, 395), line((0.2, 0.95), (rng.uniform(0.75, 0.88), 0.94)))]


def two_with_loop(rng):
    size = rng.uniform(0.06, 0.12)
    head = arc((0.5, 0.28), (0.26, 0.23), rng.uniform(180, 215), 390)
    return [joined(head, arc((0.3, 0.95 - size), (size, size), 50, 290), line((rng.uniform(0.75, 0.9), 0.95)))]


def three_with_flat_top(rng):
    return [
        joined(
            line((0.2, 0.06), (rng.uniform(0.66, 0.78), 0.05), (rng.uniform(0.38, 0.46), 0.4)),
            arc((0.45, 0.67), (0.28, 0.27), 265, rng.uniform(480, 510)),
        )
    ]


def three_round(rng):
    upper = arc((0.45, 0.26), (rng.uniform(0.2, 0.26), 0.21), 205, 440)
    return [joined(upper, arc((0.45, 0.7), (rng.uniform(0.24, 0.3), 0.25), 275, rng.uniform(490, 515)))]


def five_with_top_apart(rng):
    bowl = arc((0.44, 0.67), (0.28, 0.27), 232, rng.uniform(480, 510))
    top = line((0.3, 0.06), (rng.uniform(0.64, 0.8), 0.05))
    return [joined(line((0.3, 0.07)), bowl), top + rng.uniform((-0.02, -0.05), (0.06, 0.02))]


def five_in_one(rng):
    bowl = arc((0.44, 0.67), (0.28, 0.27), 232, rng.uniform(480, 510))
    return [joined(line((rng.uniform(0.62, 0.76), 0.05), (0.3, 0.07)), bowl)]


def six(rng):
    wide = rng.uniform(0.18, 0.26)
    back = line((rng.uniform(0.5, 0.64), 0.05), (0.4 + wide / 4 - 0.08, 0.3), (0.45 - wide * 0.9, 0.52))
    return [joined(back, arc((0.45, 0.72), (wide, 0.22), 190, -150))]


FORMS = {
    "0": (0, zero),
    "0 with a slash": (0, zero_with_slash),
    "1": (1, one),
    "1 with a flag": (1, one_with_flag),
    "1 with flag and base": (1, one_with_flag_and_base),
    "2": (2, two),
    "2 with a loop": (2, two_with_loop),
    "3 with a round top": (3, three_round),
    "3 with a flat top": (3, three_with_flat_top),
    "4 open": (4, four_open),
    "4 closed": (4, four_closed),
    "5 with the top apart": (5, five_with_top_apart),
    "5 in one stroke": (5, five_in_one),
    "6": (6, six),
    "7": (7, seven),
    "7 with a bar": (7, seven_with_bar),
    "7 with a serif": (7, seven_with_serif),
    "8 of two circles": (8, eight_of_two_circles),
    "9 with a straight leg": (9, nine_with_straight_leg),
    "9 with a curved leg": (9, nine_with_curved_leg),
}


def written(form, number, rng):
    """The form so many times, each a list of strokes: slanted, turned, widened, by an unsure hand."""
    _, draw = FORMS[form]
    return [by_hand(draw(rng), rng) for _ in range(number)]


def by_hand(strokes, rng):
    angle = np.radians(rng.uniform(-7, 7))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = turn @ [[1, -rng.uniform(-0.12, 0.3)], [0, 1]] @ np.diag([rng.uniform(0.75, 1.2), 1])
    return [(stroke + rng.normal(0, 0.012, stroke.shape)) @ change.T for stroke in strokes]
