"""What is counted in the compiled code."""

from __future__ import annotations

import pytest

from benchmarks.instructions import count, lines_of, loops, operations

ASSEMBLY = """
	.text
run:
	vmovapd	%zmm1, 64(%rsp)
	movabsq	$first_stage, %rax
	callq	*%rax
	movq	$-1, %rax
	.p2align	4
.LBB0_1:
	vmovapd	4800(%rsp,%rcx), %zmm1
	addq	$2, %rax
	vfmadd213pd	(%rdx,%rcx), %zmm3, %zmm0   # a comment
	vmulpd	%zmm5, %zmm1, %zmm1
	vmovapd	%zmm2, 2368(%rsp,%rcx)
	cmpq	$37, %rax
	jb	.LBB0_1
	vaddsd	%xmm1, %xmm2, %xmm2
	vsqrtpd	%zmm1, %zmm1
.LBB0_2:
	vaddpd	%zmm1, %zmm1, %zmm1
	jb	.LBB0_2
.Lfunc_end0:
"""


def test_vector_instructions_are_counted_by_kind_and_a_read_besides():
    counts = count(["vmovapd\t%zmm1, 64(%rsp)", "vfmsub231pd\t(%rdx), %zmm3, %zmm0", "vaddsd\t%xmm1, %xmm2, %xmm2"])
    assert counts["store"] == counts["multiply-add"] == counts["load"] == 1
    assert counts["add"] == 0
    assert operations(counts) == 2


def test_loops_over_the_states_count_as_often_as_they_turn():
    found = list(loops(lines_of(ASSEMBLY, "run"), 38))
    assert len(found) == 1
    lines, turns = found[0]
    assert turns == 19
    counts = count(lines, turns)
    assert (counts["multiply-add"], counts["multiply"], counts["load"], counts["store"]) == (19, 19, 38, 19)


def test_the_code_that_runs_is_the_code_that_is_counted():
    from benchmarks.instructions import assembly_of
    from benchmarks.work import peterson_riggs

    text, size = assembly_of(peterson_riggs(1), "RODAS4")
    assert size > 10_000
    if "%zmm" not in text and "%ymm" not in text:
        pytest.skip("no vector registers of this kind on this processor")
    assert operations(count(lines_of(text, "stage"))) > 500
