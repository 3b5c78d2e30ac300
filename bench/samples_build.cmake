# Run at build time: writes samples_build.h with the revision the tree is at, only when that has changed.
execute_process(COMMAND git rev-parse HEAD WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE REVISION RESULT_VARIABLE failed
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
set(DIRTY 0)
if(failed)
  set(REVISION unknown) # a tarball, or no git
else()
  execute_process(COMMAND git status --porcelain --untracked-files=no WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE changes
                  ERROR_QUIET)
  if(changes)
    set(DIRTY 1)
  endif()
endif()
configure_file(${TEMPLATE} ${HEADER})
