"""The local AWS: MiniStack behind a front that corrects it and brings an Auto Scaling service of its own."""
