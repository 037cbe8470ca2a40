"""Sources of samples: their descriptions here, free of torch; their code in the modules beside."""

from ganzoo.data.config import (
    ArchiveConfig,
    ArraysConfig,
    DomainsConfig,
    FolderConfig,
    Grid25Config,
    ManifestConfig,
    Mnist5kConfig,
    PairsConfig,
    Ring8Config,
    StandardConfig,
)
from ganzoo.spec import DatasetSpec

MNIST5K = DatasetSpec(
    name="mnist5k",
    summary="5,000 handwritten digits of MNIST, 500 a class, 28x28 grey; comes with ganzoo.",
    config=Mnist5kConfig,
    factory="ganzoo.data.digits:Mnist5k",
    licence="CC-BY-SA-3.0",
    paper="LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998",
    extractor="digits",
)
MNIST = DatasetSpec(
    name="mnist",
    summary="MNIST's handwritten digits, 28x28 grey: 60,000 to train, 10,000 to test.",
    config=StandardConfig,
    factory="ganzoo.data.standard:Mnist",
    licence="CC-BY-SA-3.0",
    paper="LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998",
    extractor="digits",
)
FASHION_MNIST = DatasetSpec(
    name="fashion-mnist",
    summary="Fashion-MNIST's garments of 10 kinds, 28x28 grey: 60,000 to train, 10,000 to test.",
    config=StandardConfig,
    factory="ganzoo.data.standard:FashionMnist",
    licence="MIT",
    paper="Xiao et al., Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
    "Algorithms, 2017",
)
CIFAR10 = DatasetSpec(
    name="cifar10",
    summary="CIFAR-10's photographs of 10 classes, 32x32 in colour: 50,000 to train, 10,000 to "
    "test; no licence is stated.",
    config=StandardConfig,
    factory="ganzoo.data.standard:Cifar10",
    paper="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
)
RING8 = DatasetSpec(
    name="ring8",
    summary="2-D points around 8 centres on a circle: the classical test for dropped modes.",
    config=Ring8Config,
    factory="ganzoo.data.mixtures:Ring8",
    paper="Metz et al., Unrolled Generative Adversarial Networks, 2017",
)
GRID25 = DatasetSpec(
    name="grid25",
    summary="2-D points around the 25 centres of a square grid.",
    config=Grid25Config,
    factory="ganzoo.data.mixtures:Grid25",
    paper="Dumoulin et al., Adversarially Learned Inference, 2017",
)
FOLDER = DatasetSpec(
    name="folder",
    summary="A folder of images; its sub-folders, if any, are the classes.",
    config=FolderConfig,
    factory="ganzoo.data.sources.folder:Folder",
)
ARCHIVE = DatasetSpec(
    name="archive",
    summary="Images in a .zip or .tar, also a compressed one, with classes as in a folder.",
    config=ArchiveConfig,
    factory="ganzoo.data.sources.archive:Archive",
)
MANIFEST = DatasetSpec(
    name="manifest",
    summary="Images that a .csv or .jsonl lists, a line each, with or without labels.",
    config=ManifestConfig,
    factory="ganzoo.data.sources.manifest:Manifest",
)
ARRAYS = DatasetSpec(
    name="arrays",
    summary="Images (uint8) or vectors (floating-point) in a .npz or .npy.",
    config=ArraysConfig,
    factory="ganzoo.data.sources.arrays:Arrays",
)
PAIRS = DatasetSpec(
    name="pairs",
    summary="Images in pairs, a source and a target: two halves of each image, or two folders.",
    config=PairsConfig,
    factory="ganzoo.data.sources.pairs:Pairs",
    fields=("source", "target"),
)
DOMAINS = DatasetSpec(
    name="domains",
    summary="Images of two domains, a and b, that are not paired.",
    config=DomainsConfig,
    factory="ganzoo.data.sources.domains:Domains",
    fields=("a", "b"),
)
