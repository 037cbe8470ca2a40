"""Long tables, of which the quick suite runs some rows and the full sweeps all.

Each row is a cause of its own. These take seconds each, or are so many that together they do.
"""

EVERY = {
    "tests/cli/test_data_cache.py::test_bad_requests_take_nothing_away": 3,
    "tests/cli/test_data_cache.py::test_taking_away": 3,
    "tests/cli/test_diagnose.py::test_odd_runs": 3,
    "tests/cli/test_one_writer.py::test_of_two_commands_one_writes": 2,
    "tests/cli/test_output.py::test_a_stream_that_is_closed": 2,
    "tests/data/cache/test_parallel.py::test_several_processes_write_the_bytes_of_one": 3,
    "tests/data/cache/test_store.py::test_a_damaged_store_is_made_anew": 3,
    "tests/data/sources/test_training.py::test_from_the_command_line": 3,
    "tests/evaluation/test_digits.py::test_it_tells_held_out_digits_at_any_size": 2,
    "tests/evaluation/test_evaluate.py::TestKeptStatistics::test_a_damaged_file_is_made_anew": 3,
    "tests/finetuning/test_exact.py::test_resume_is_exact_and_needs_no_base": 2,
    "tests/hub/faults/test_faults.py::test_loading": 2,
    "tests/hub/faults/test_faults.py::test_pushing": 3,
    "tests/hub/faults/test_odd_answers.py::test_an_answer_of_another_shape_to_a_push": 2,
    "tests/hub/faults/test_storage.py::test_no_empty_repository_stays_behind": 2,
    "tests/hub/test_hostile.py::test_a_hostile_repository_is_refused_in_one_sentence": 2,
    "tests/importing/test_biggan.py::test_a_layout_comes_in": 4,
    "tests/importing/test_biggan.py::test_the_average_is_the_default_and_the_raw_one_comes_too": 3,
    "tests/importing/test_hostile.py::TestNothingRuns::test_in_a_process_of_its_own": 24,
    "tests/importing/test_hostile.py::test_is_refused_by_a_process_of_its_own": 16,
    "tests/importing/test_hostile.py::test_time_and_memory_are_limited": 11,
    "tests/importing/test_refusals.py::test_a_file_without_networks": 2,
    "tests/importing/test_refusals.py::test_a_network_of_no_format": 3,
    "tests/importing/test_sagan.py::test_a_layout_comes_in": 3,
    "tests/networks/test_architectures.py::test_networks_keep_their_contract": 2,
    "tests/networks/test_published_sizes.py::test_sizes": 3,
    "tests/testing/test_augmentation_faults.py::"
    "test_the_augmentations_that_come_with_ganzoo_pass_every_check": 3,
    "tests/testing/test_kit.py::test_every_plugin_that_comes_with_ganzoo_passes": 2,
    "tests/testing/test_stage_faults.py::test_sound_stages_pass": 3,
    "tests/training/test_interchangeable.py::test_trains_three_steps": 4,
    "tests/training/test_interchangeable.py::test_true_width_trains_a_step": 2,
    "tests/training/test_resume.py::test_resume_is_exact": 2,
    "tests/training/test_several_processes.py::test_float32_differs_by_rounding_only": 2,
    "tests/training/test_several_processes.py::test_many_are_one": 3,
}
"""Of which table every how manieth row is quick."""
