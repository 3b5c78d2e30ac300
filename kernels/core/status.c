#include "mot/mot.h"

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

int mot_version(void) { return MOT_VERSION_MAJOR * 10000 + MOT_VERSION_MINOR * 100 + MOT_VERSION_PATCH; }
const char *mot_version_string(void) {
    return STRINGIFY(MOT_VERSION_MAJOR) "." STRINGIFY(MOT_VERSION_MINOR) "." STRINGIFY(MOT_VERSION_PATCH);
}

const char *mot_status_string(mot_status status) {
    switch (status) {
    case MOT_OK:
        return "ok";
    case MOT_ERROR_NULL:
        return "a required pointer is NULL";
    case MOT_ERROR_SHAPE:
        return "a size other than groups is 0; all must be at least 1";
    case MOT_ERROR_OVERFLOW:
        return "a product of sizes or strides does not fit size_t";
    case MOT_ERROR_OPTIONS:
        return "an option is outside its range; start from mot_options_default";
    case MOT_ERROR_STRIDES:
        return "the strides make rows of the output overlap or do not fit the shape";
    case MOT_ERROR_OVERLAP:
        return "an output overlaps another tensor";
    case MOT_ERROR_WORKSPACE:
        return "the workspace is smaller than mot_layer_workspace_bytes or not 64-byte aligned";
    case MOT_ERROR_ALIGNMENT:
        return "a tensor is not aligned to its element";
    case MOT_ERROR_WEIGHTS:
        return "the layer has no weights yet; call mot_layer_set_weights first";
    case MOT_ERROR_BUFFER:
        return "the text buffer is too small";
    case MOT_ERROR_DTYPE:
        return "this data type is not supported by this build; use MOT_F32 or MOT_BF16";
    case MOT_ERROR_ISA:
        return "this processor or operating system cannot run the requested instruction set";
    case MOT_ERROR_SUPPORT:
        return "no variant supports this shape";
    case MOT_ERROR_UNVERIFIED:
        return "the kernels for this have never passed their check on a GPU; see the option `unverified`";
    case MOT_ERROR_MEMORY:
        return "out of memory";
    case MOT_ERROR_DEVICE:
        return "there is no usable GPU, or its driver reports an error; mot_cuda_available says which";
    case MOT_ERROR_PROFILE_NOT_FOUND:
        return "there is no such profile";
    case MOT_ERROR_PROFILE_IO:
        return "the profile cannot be read or is not a regular file";
    case MOT_ERROR_PROFILE_FORMAT:
        return "the file is not a valid profile";
    case MOT_ERROR_PROFILE_VERSION:
        return "the profile was written by another version of the library or format";
    case MOT_ERROR_PROFILE_MACHINE:
        return "the profile was written on another machine";
    }
    return "unknown status";
}
