/**
 * What an image does inside a network, for the X-ray of the pad, from its weights and the outputs of its layers: the
 * same as helpers/canvas/readers.py tells of it in a notebook.
 */

import { eachWindow, layersOf } from "./xray.js";

/** How a gradient comes back through a layer: d out / d its values becomes d out / d the values of the layer below. */
const BACK = {
  relu: ({ values }, gradient) => gradient.map((slope, i) => (values[i] > 0 ? slope : 0)),
  tanh: ({ values }, gradient) => gradient.map((slope, i) => slope * (1 - values[i] ** 2)),
  dense({ below }, gradient, weights) {
    const inputs = below.values.length;
    const found = new Float32Array(inputs);
    gradient.forEach((slope, unit) => {
      for (let i = 0; slope && i < inputs; i++) found[i] += slope * weights[unit * inputs + i];
    });
    return found;
  },
  pool(layer, gradient) {
    const found = new Float32Array(layer.below.values.length);
    eachWindow(layer, layer.below, (unit, pixels) => {
      found[pixels.find((i) => layer.below.values[i] === layer.values[unit])] += gradient[unit];
    });
    return found;
  },
  convolution({ shape: [filters, height, width], kernel, pad, below }, gradient, weights) {
    const [maps, tall, wide] = below.shape;
    const found = new Float32Array(maps * tall * wide);
    for (let filter = 0, unit = 0; filter < filters; filter++) {
      for (let i = 0; i < height * width; i++, unit++) {
        const slope = gradient[unit];
        if (!slope) continue;
        const [top, left] = [Math.floor(i / width) - pad, (i % width) - pad];
        for (let map = 0; map < maps; map++) {
          for (let y = Math.max(0, -top); y < Math.min(kernel, tall - top); y++) {
            const into = (map * tall + top + y) * wide + left;
            const of = ((filter * maps + map) * kernel + y) * kernel;
            for (let x = Math.max(0, -left); x < Math.min(kernel, wide - left); x++) found[into + x] += slope * weights[of + x];
          }
        }
      }
    }
    return found;
  },
};

/** The inside of a network. */
export class Inside {
  /**
   * plan: the layers, as helpers/classifier/inside.py lists them. params: the weights and biases, Float32Arrays by
   * name, such as conv1_weight.
   */
  constructor(plan, params) {
    this.plan = plan;
    this.params = params;
  }

  /**
   * The part `inside` of a result. network: the name. image: 784 bytes. outputs: Float32Array, of the layers with weights,
   * one after the other. look: the parts layers, unit and digit of a drawing.
   */
  look(network, image, outputs, { layers = true, unit, digit }) {
    const found = { network, error: "" };
    if (layers) Object.assign(found, { plan: this.plan, values: outputs, saliency: this.saliency(image, outputs, digit) });
    if (unit) found.unit = this.unit(...unit);
    return found;
  }

  /** The weights and the bias of a unit. */
  unit(layer, index) {
    const { shape: [, ...map] } = this.plan.find(({ name }) => name === layer);
    const row = Math.floor(index / map.reduce((a, b) => a * b, 1));
    const [weights, biases] = [this.params[`${layer}_weight`], this.params[`${layer}_bias`]];
    const size = weights.length / biases.length;
    return { layer, index, weights: weights.slice(row * size, (row + 1) * size), bias: biases[row] };
  }

  /** pixel * d ln(p / (1 - p)) / d pixel of a digit, the most probable one without one: 784 numbers. */
  saliency(image, outputs, digit) {
    const layers = layersOf(this.plan, outputs, image);
    const logits = [...layers.at(-2).values];
    const one = digit ?? logits.indexOf(Math.max(...logits));
    const highest = Math.max(...logits.filter((_, i) => i !== one));
    const powers = logits.map((logit, i) => (i === one ? 0 : Math.exp(logit - highest)));
    const sum = powers.reduce((a, b) => a + b);
    let gradient = Float32Array.from(powers, (power, i) => (i === one ? 1 : -power / sum)); // as in Saliency of inside.py
    for (const layer of layers.slice(1, -1).reverse()) {
      gradient = BACK[layer.kind](layer, gradient, this.params[`${layer.name}_weight`]);
    }
    return gradient.map((slope, i) => (slope * image[i]) / 255);
  }
}
