"""What the notebooks of "Handwritten digits with MXNet" share, by job:

- it runs: compat, threads; errors, files (one-line errors, whole files)
- data: data, on top of sources, download, offline, idx and mat
- learning: networks, training (on top of faster, recipes, batches, metrics, optimizers, devices and resume),
  callbacks, evaluation, augmentation; recordio for images that are too many for the memory
- by hand: by_hand, by_hand_layers, by_hand_cnn, by_hand_numpy, by_hand_training and gradient_check, as in notebook 6
- several processes: distributed, and to start them launch, launch_plan, launch_node and launch_command
- answering: classifier, on top of params and images; drawing, on top of strokes and ink, turns any drawing or picture
  into one of MNIST's kind; pictures reads them from files
- exercises: a package of its own, `check` and a judge for each exercise
- drawing live: canvas (with canvas.js and canvas.css), on top of canvas_traits, reading, looking, keeping and still;
  inside looks into a network, kept is the class's file of digits, lock lets one write at a time
- pictures: plots, on top of figures, galleries, charts, answers, plot_inputs and words; diagram
- servers: server, settings of those that the canvas talks through
- leaving MXNet: onnx_export, on top of onnx_compat
- command line: __main__, commands, predict_command, by_hand_command, export_command, interrupts, check, packages
"""

try:
    from helpers import compat

    compat.prepare()

    from helpers import threads

    threads.prepare()
except ModuleNotFoundError:  # of NumPy, say: whoever needs it will fail, but `python -m helpers check` has to tell why
    pass
