# CUDA: the language, and the one table architecture -> flags. Architectures are named, never "native": most machines
# that build this have no GPU.
set(MOT_CUDA_GENCODE_80 -gencode=arch=compute_80,code=sm_80)
set(MOT_CUDA_GENCODE_90 -gencode=arch=compute_90,code=sm_90)
set(MOT_CUDA_GENCODE_90a -gencode=arch=compute_90a,code=sm_90a)
set(MOT_CUDA_GENCODE_ptx90 -gencode=arch=compute_90,code=compute_90) # for devices that come after
# A spill, local memory, or serialised wgmma (C7508, C7510: advisories that are warnings to ptxas) fails the build.
set(MOT_CUDA_FLAGS -O3 --std=c++17 -lineinfo -Werror=all-warnings -Xcompiler=-Wall,-Wextra,-fvisibility=hidden
    -Xptxas=-warn-spills,-warn-lmem-usage,-Werror)

if(MOT_CUDA)
  include(CheckLanguage)
  set(CMAKE_CUDA_ARCHITECTURES OFF) # of each file its own
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    message(FATAL_ERROR "MOT_CUDA=ON needs nvcc: put it on PATH or set CUDACXX")
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED) # headers and the static runtime
endif()

# The families, kernels/cuda/<family>.cu, and what each is compiled for. NVIDIA's libraries are families too, of other
# files.
set(MOT_CUDA_SOURCE_FAMILIES naive tiled mma front hopper cublas:blas_cublas.c+pointwise.cu cublaslt:blas_cublaslt.c)
set(MOT_CUDA_FAMILIES naive tiled mma front hopper)
set(MOT_CUDA_HELPERS clock pointwise) # no variants of their own
set(MOT_CUDA_ARCHITECTURES_clock 80 90 ptx90)
set(MOT_CUDA_ARCHITECTURES_pointwise 80 90 ptx90)
set(MOT_CUDA_ARCHITECTURES_naive 80 90 ptx90)
set(MOT_CUDA_ARCHITECTURES_tiled 80 90 ptx90)
set(MOT_CUDA_ARCHITECTURES_mma 80 90 ptx90)
set(MOT_CUDA_ARCHITECTURES_front 80 90 ptx90)
set(MOT_CUDA_ARCHITECTURES_hopper 90a)

function(mot_cuda_sources target)
  foreach(family ${ARGN})
    set(flags ${MOT_CUDA_FLAGS})
    foreach(architecture ${MOT_CUDA_ARCHITECTURES_${family}})
      list(APPEND flags ${MOT_CUDA_GENCODE_${architecture}})
    endforeach()
    target_sources(${target} PRIVATE ${family}.cu)
    set_source_files_properties(${family}.cu PROPERTIES COMPILE_OPTIONS "${flags}")
  endforeach()
endfunction()
