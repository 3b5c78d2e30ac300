# The one table ISA -> compiler flags. Nothing else in the tree sets an instruction set.
set(MOT_ISAS scalar avx2 avx512)
set(MOT_FLAGS_scalar "")
set(MOT_FLAGS_avx2 -mavx2 -mfma)
set(MOT_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512)
set(MOT_FLAGS_avx512bf16 ${MOT_FLAGS_avx512} -mavx512bf16)
set(MOT_FLAGS_amx ${MOT_FLAGS_avx512bf16} -mamx-tile -mamx-bf16)
# No reassociation and no implicit contraction: what a kernel rounds is what its source says.
set(MOT_KERNEL_OPTIMIZE -O3 CACHE STRING "Optimisation of the kernels")
option(MOT_KERNEL_ONCE "Each loop nest once rather than once a tile: 30 times faster to compile, for builds that nobody times" OFF)
set(MOT_KERNEL_FLAGS ${MOT_KERNEL_OPTIMIZE} -ffp-contract=off -fno-math-errno -fno-trapping-math -fno-stack-protector
    -fno-tree-loop-distribute-patterns)
if(MOT_KERNEL_ONCE)
  list(APPEND MOT_KERNEL_FLAGS -DMOT_ONCE)
endif()

# mot_isa_sources(<target> <isa> <files...>): adds files compiled for one ISA.
function(mot_isa_sources target isa)
  target_sources(${target} PRIVATE ${ARGN})
  set(flags ${MOT_KERNEL_FLAGS})
  if(CMAKE_C_COMPILER_ID MATCHES Clang)
    list(REMOVE_ITEM flags -fno-tree-loop-distribute-patterns)
  endif()
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "${flags};${MOT_FLAGS_${isa}}")
endfunction()
