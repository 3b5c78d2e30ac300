/* machine_virtual.c: which hypervisor and which container, by what they leave lying around. */
#include "machine_files.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

typedef struct sign {
    const char *text, *name;
} sign;

/* Leaf 0x40000000 exists only under a hypervisor; a fake root is another machine than the one that runs this. */
static const char *by_cpuid(void) {
    static const sign signs[] = {{"KVMKVMKVM", "kvm"},          {"Microsoft Hv", "hyperv"},
                                 {"VMwareVMware", "vmware"},    {"XenVMMXenVMM", "xen"},
                                 {"TCGTCGTCGTCG", "qemu"},      {"bhyve bhyve ", "bhyve"},
                                 {"ACRNACRNACRN", "acrn"},      {"prl hyperv", "parallels"},
                                 {" lrpepyh  vr", "parallels"}, {"VBoxVBoxVBox", "virtualbox"}};
    char id[13] = "";
    unsigned eax, ebx, ecx, edx;
    if (*machine_root()) return NULL;
    __cpuid(0x40000000, eax, ebx, ecx, edx);
    memcpy(id, &ebx, 4), memcpy(id + 4, &ecx, 4), memcpy(id + 8, &edx, 4);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(id, signs[i].text, strlen(signs[i].text)) == 0) return signs[i].name;
    return NULL;
}

static const char *by_dmi(void) {
    static const sign signs[] = {{"QEMU", "qemu"},    {"VMware", "vmware"},    {"Xen", "xen"},
                                 {"Google", "kvm"},   {"Amazon EC2", "kvm"},   {"innotek", "virtualbox"},
                                 {"KVM", "kvm"},      {"Microsoft", "hyperv"}, {"Parallels", "parallels"},
                                 {"OpenStack", "kvm"}};
    static const char *const files[] = {"/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name"};
    char text[256];
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; machine_read(text, sizeof text, files[f]) && i < sizeof signs / sizeof *signs; i++)
            if (strstr(text, signs[i].text)) return signs[i].name;
    return NULL;
}

static const char *container(void) {
    static const sign groups[] = {{"kubepods", "kubernetes"},
                                  {"docker", "docker"},
                                  {"libpod", "podman"},
                                  {"lxc", "lxc"},
                                  {"containerd", "containerd"}};
    char text[4096];
    if (machine_exists("/.dockerenv")) return "docker";
    if (machine_exists("/run/.containerenv")) return "podman";
    if (machine_exists("/run/systemd/container")) return "container";
    if (machine_read(text, sizeof text, "/proc/1/cgroup"))
        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
            if (strstr(text, groups[i].text)) return groups[i].name;
    return NULL;
}

void machine_virtualisation(char *buf, size_t size) {
    const char *hypervisor = "none", *box = container();
    if (machine_is_virtual()) {
        hypervisor = by_cpuid();
        if (!hypervisor) hypervisor = by_dmi();
        if (!hypervisor) hypervisor = "unknown hypervisor";
    }
    snprintf(buf, size, "%s%s%s", hypervisor, box ? ", " : "", box ? box : "");
}
