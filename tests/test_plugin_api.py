"""What plugins may import, frozen: names, and what their classes and functions take.

A plugin of a stranger stands on this. Adding to it is an edit of the tables below; taking away from
it, or changing an order, breaks plugins and raises ``ganzoo.about.PLUGIN_API``.
"""

import ast
import importlib
import inspect
import pkgutil

import pytest

import ganzoo
from ganzoo.about import PLUGIN_API
from tests.imports import ROOT, imports, sources

NAMES = {
    "ganzoo.spec": """
        Architecture AugmentationSpec Coupling DatasetSpec Dotted ExtractorSpec Import Imported
        LossSpec ObjectiveSpec PenaltySpec Preset Pretrained Recipe RecipeFacts Role Shape Shapes
        Spec TensorTable Traits Truncation
    """,
    "ganzoo.config": """
        AdamConfig AdamWConfig ArchitectureConfig AugmentationConfig DataConfig EmaConfig
        EvaluationConfig ExtractorConfig FinetuneConfig HealthConfig LatentConfig LoggingConfig
        LossConfig Model ObjectiveConfig OptimizerConfig PenaltyConfig RmspropConfig RunConfig
        Schedule Scheduled SgdConfig TrainingConfig TranslatorConfig parse_yaml timed value_at
    """,
    "ganzoo.config.models": """
        AsTuple Model OptionalCadence Schedule Scheduled Side UNION_TAGS value_at AnyModel timed
    """,
    "ganzoo.objectives.base": """
        Draws Game Hardware Kept Loader Objective Phase Scalars Shown Turn
    """,
    "ganzoo.layers": """
        ClassifierHead ConditionalBatchNorm2d DownBlock EqualConv2d EqualLinear GAIN ProjectionHead
        RunningMean SelfAttention SpectralNorm UpBlock conv_enlarged conv_reduced conv_then_pool
        down_blocks enlarged filtered full_precision glorot leaky low_pass modulated_conv normalised
        orthogonal reduced spectral_norm unmeasured upfirdn upsample_then_conv with_deviation
    """,
    "ganzoo.losses.base": "Critique Loss as_critique",
    "ganzoo.penalties.base": "Context Critic Penalty gradient_at input_gradient rescored",
    "ganzoo.augmentation.base": "Augmentation Identity",
    "ganzoo.data.base": "Dataset Item",
    "ganzoo.data.composite": "Composite View",
    "ganzoo.data.fields": """
        Field IMAGE ImageKind KINDS Kind LABEL LabelKind VECTOR VectorKind reshaped
    """,
    "ganzoo.evaluation.extractor": "Extractor Features extractor_folder",
    "ganzoo.testing": "Check Result check_plugin checks_of",
    "ganzoo.errors": """
        ConfigError DataError GanzooError HubError HubRequestError PluginError RequestError
        RunError TrainingError WeightsError brief closest
    """,
}

PARAMETERS = {
    "ganzoo.register": "obj override",
    "ganzoo.spec.Architecture": """
        name summary config generator discriminator networks objectives traits presets
        default_preset pretrained imports paper licence api migrations
    """,
    "ganzoo.spec.Import": "name title recognise read asks",
    "ganzoo.spec.Imported": "values networks preset notes",
    "ganzoo.spec.TensorTable.__getitem__": "self name",
    "ganzoo.spec.Role": "network kind reads makes",
    "ganzoo.spec.ObjectiveSpec": """
        name summary config factory players fields coupling paper api
    """,
    "ganzoo.spec.LossSpec": "name summary config factory paper api threshold critic_extras",
    "ganzoo.spec.PenaltySpec": """
        name summary config factory on of kind forbids_coupling needs_styles paper api
    """,
    "ganzoo.spec.AugmentationSpec": "name summary config factory vectors follows paper api",
    "ganzoo.spec.ExtractorSpec": "name summary config factory paper api",
    "ganzoo.spec.DatasetSpec": "name summary config factory licence paper api extractor fields",
    "ganzoo.spec.Preset": "summary values recipe rule",
    "ganzoo.spec.Pretrained": "summary folder repository",
    "ganzoo.spec.Recipe": """
        objective loss penalties optimizers data training ema augmentation note
    """,
    "ganzoo.spec.Traits": """
        sides channels images vectors labels output coupling truncation extras critic_extras
    """,
    "ganzoo.spec.RecipeFacts": "architecture samples classes batch_size steps batch_given",
    "ganzoo.spec.Truncation": "kind range default",
    "ganzoo.config.ArchitectureConfig": "name preset sample_shape num_classes",
    "ganzoo.config.LatentConfig": "name preset sample_shape num_classes latent_dim latent",
    "ganzoo.config.TranslatorConfig": "name preset sample_shape num_classes source_shape use",
    "ganzoo.config.ObjectiveConfig": "name",
    "ganzoo.config.LossConfig": "name",
    "ganzoo.config.PenaltyConfig": "name on weight every apart",
    "ganzoo.config.AugmentationConfig": "name",
    "ganzoo.config.DataConfig": "source image_size flip dequantize holdout",
    "ganzoo.config.value_at": "value samples",
    "ganzoo.objectives.base.Objective": "config loader hardware",
    "ganzoo.objectives.base.Objective.phases": "self step",
    "ganzoo.objectives.base.Objective.loss": "self step phase part",
    "ganzoo.objectives.base.Objective.after_update": "self step phase",
    "ganzoo.objectives.base.Objective.inputs": "self role index purpose",
    "ganzoo.objectives.base.Objective.state": "self",
    "ganzoo.objectives.base.Objective.load_state": "self kept",
    "ganzoo.objectives.base.Objective.game": "self critic maker reals joint",
    "ganzoo.objectives.base.Objective.turn": "self step phase part size",
    "ganzoo.objectives.base.Objective.call": "self role inputs draws",
    "ganzoo.objectives.base.Objective.forward": "self differentiable",
    "ganzoo.objectives.base.Objective.latents": "self draws",
    "ganzoo.objectives.base.Objective.networks_of": "self player",
    "ganzoo.objectives.base.Loader.batch": "self position draws",
    "ganzoo.objectives.base.Loader.draw_labels": "self draws",
    "ganzoo.objectives.base.Hardware": "device precision reason processes",
    "ganzoo.objectives.base.Game.critique": "self shown",
    "ganzoo.objectives.base.Game.judge": "self turn reals fakes",
    "ganzoo.objectives.base.Game.score": "self turn shown purpose",
    "ganzoo.objectives.base.Game.critic_loss": "self turn reals fakes scale classes",
    "ganzoo.objectives.base.Game.maker_loss": "self turn fakes reals others",
    "ganzoo.objectives.base.Kept": "shared own",
    "ganzoo.objectives.base.Phase": "player index name",
    "ganzoo.objectives.base.Shown": "samples labels condition latents",
    "ganzoo.objectives.base.Turn": "step phase update samples draws data",
    "ganzoo.layers.ClassifierHead": "features num_classes bias",
    "ganzoo.layers.ConditionalBatchNorm2d": "channels size tables eps",
    "ganzoo.layers.DownBlock": "inputs outputs hidden down first shortcut_relu",
    "ganzoo.layers.ProjectionHead": "features num_classes bias",
    "ganzoo.layers.SelfAttention": "channels",
    "ganzoo.layers.SpectralNorm": "weight eps iterations",
    "ganzoo.layers.UpBlock": "inputs outputs norm upsampling",
    "ganzoo.layers.EqualConv2d": "inputs outputs side bias active resize gain clamp",
    "ganzoo.layers.EqualLinear": "inputs outputs bias rate active",
    "ganzoo.layers.RunningMean": "shape keep",
    "ganzoo.layers.RunningMean.measure": "self rows",
    "ganzoo.layers.conv_enlarged": "maps weight taps times",
    "ganzoo.layers.conv_reduced": "maps weight taps times bias",
    "ganzoo.layers.full_precision": "device",
    "ganzoo.layers.leaky": "maps clamp",
    "ganzoo.layers.modulated_conv": "maps weight scales demodulate taps gain bias noise",
    "ganzoo.layers.unmeasured": "network",
    "ganzoo.layers.with_deviation": "maps size count neighbours",
    "ganzoo.layers.conv_then_pool": "conv maps",
    "ganzoo.layers.enlarged": "maps taps times flip",
    "ganzoo.layers.filtered": "maps taps",
    "ganzoo.layers.glorot": "layer gain",
    "ganzoo.layers.low_pass": "taps",
    "ganzoo.layers.orthogonal": "layer",
    "ganzoo.layers.reduced": "maps taps times flip",
    "ganzoo.layers.spectral_norm": "network eps iterations embeddings",
    "ganzoo.layers.upfirdn": "maps taps up down padding gain flip",
    "ganzoo.layers.upsample_then_conv": "maps conv",
    "ganzoo.losses.base.Critique": "logits labels extras",
    "ganzoo.losses.base.Critique.mean": "self function",
    "ganzoo.losses.base.Critique.sum": "self",
    "ganzoo.losses.base.Loss": "config",
    "ganzoo.losses.base.Loss.discriminator": "self real fake",
    "ganzoo.losses.base.Loss.generator": "self fake real",
    "ganzoo.losses.base.Loss.verdict": "self critique",
    "ganzoo.penalties.base.Context": """
        critic network networks reals fakes latents real_labels fake_labels random step samples
        real_condition fake_condition real fake precision over_batch again
    """,
    "ganzoo.penalties.base.Penalty": "config",
    "ganzoo.penalties.base.Penalty.term": "self context",
    "ganzoo.penalties.base.Penalty.measure": "self figures",
    "ganzoo.penalties.base.Penalty.move": "self means",
    "ganzoo.penalties.base.Penalty.project": "self network weight",
    "ganzoo.penalties.base.gradient_at": "context samples",
    "ganzoo.penalties.base.input_gradient": "critic samples labels condition",
    "ganzoo.augmentation.base.Augmentation": "config",
    "ganzoo.augmentation.base.Augmentation.__call__": "self samples draws",
    "ganzoo.augmentation.base.Augmentation.adapt": "self sign samples",
    "ganzoo.augmentation.base.Augmentation.figures": "self",
    # What a penalty is given as `Context.random`, and an augmentation as `draws`.
    "ganzoo.randomness.Draws.normal": "self purpose shape",
    "ganzoo.randomness.Draws.uniform": "self purpose shape",
    "ganzoo.randomness.Draws.integers": "self purpose high",
    "ganzoo.randomness.Draws.latents": "self purpose length distribution",
    "ganzoo.randomness.Draws.within": "self purpose count",
    "ganzoo.data.base.Dataset.read": "self index",
    "ganzoo.data.base.Dataset.name_of": "self index",
    "ganzoo.data.base.Item": "sample label",
    "ganzoo.data.composite.Composite": "groups",
    "ganzoo.data.composite.View": "dataset rows half shape",
    "ganzoo.data.fields.Field": "name kind shape group class_names shift scale",
    "ganzoo.errors.closest": "name known",
    "ganzoo.testing.checks_of": "plugin values",
    "ganzoo.testing.check_plugin": "plugin values",
    "ganzoo.testing.Check.run": "self",
    "ganzoo.testing.Check.verify": "self",
    "ganzoo.testing.Result": "check state message",
}

BUILDS_ON = {
    "ganzoo_cyclegan": {"ganzoo_pix2pix"},
    "ganzoo_sagan": {"ganzoo_sngan"},
    "ganzoo_biggan": {"ganzoo_sngan"},
}
"""Plugins that are made from parts of another, as its own distribution would depend on it."""

PLUGINS = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py"))


def defined(module):
    """Return the public names that a module defines, or its ``__all__``."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    names = set()
    for node in ast.parse(inspect.getsource(module)).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {item.id for item in targets if isinstance(item, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module", NAMES)
def test_a_public_module_has_these_names_and_no_others(module):
    assert sorted(defined(importlib.import_module(module))) == sorted(NAMES[module].split())


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_public_name_takes_these_values_in_this_order(name):
    obj = pkgutil.resolve_name(name)
    assert list(inspect.signature(obj).parameters) == PARAMETERS[name].split()


def test_the_tables_belong_to_this_version_of_the_interface():
    assert PLUGIN_API == 1


def not_public(source, *own):
    """Return what a source imports of us that is neither its own nor of the public interface."""
    public = {f"{module}.{name}" for module, names in NAMES.items() for name in names.split()}
    return [
        f"line {found.line}: {found.module}.{found.name}"
        for found in imports(source)
        if found.module.partition(".")[0].startswith("ganzoo")
        and found.module.partition(".")[0] not in own
        and f"{found.module}.{found.name}" not in public | {"ganzoo.register"}
    ]


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("from ganzoo import register", 0),
        ("from ganzoo.spec import Architecture, Traits", 0),
        ("from ganzoo_own.config import Config\nimport ganzoo_own.networks", 0),
        ("import torch", 0),
        ("from ganzoo.testing import checks_of", 0),
        ("from ganzoo import registry", 1),
        ("from ganzoo.networks import Generator", 1),
        ("from ganzoo.spec import _ranges", 1),
        ("def f():\n    import ganzoo.training", 1),
        ("from ganzoo_other import SPEC", 1),
    ],
)
def test_the_rule_for_plugins_itself(source, count):
    assert len(not_public(source, "ganzoo_own")) == count


def test_the_model_of_a_distribution_imports_only_what_a_stranger_may():
    good = ROOT / "tests" / "plugins" / "good"
    modules = [*good.glob("src/*/*.py"), *good.glob("tests/*.py")]
    assert len(modules) > 5
    for path in modules:
        assert not_public(path.read_text(encoding="utf-8"), "ganzoo_points") == [], path


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_first_party_plugin_imports_only_what_a_stranger_may(plugin):
    found = {
        module: not_public(path.read_text(encoding="utf-8"), plugin, *BUILDS_ON.get(plugin, ()))
        for module, path in sources(ROOT / "plugins", plugin).items()
    }
    assert found
    assert {module: names for module, names in found.items() if names} == {}


def test_the_lazy_names_of_the_package_are_found_at_home():
    for name in ganzoo.__all__:
        assert getattr(ganzoo, name) is not None
    assert dir(ganzoo) == sorted(ganzoo.__all__)
    with pytest.raises(AttributeError, match="module 'ganzoo' has no attribute 'no_such_name'"):
        _ = ganzoo.no_such_name


def test_type_checkers_see_the_lazy_names_where_they_are():
    tree = ast.parse(inspect.getsource(ganzoo))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == ganzoo._HOMES
    # A checker that saw it would take a misspelt name for one of ours.
    assert [node.name for node in block.orelse] == ["__getattr__"]


def test_no_module_hides_a_lazy_name():
    assert not {module.name for module in pkgutil.iter_modules(ganzoo.__path__)} & {*ganzoo._HOMES}
