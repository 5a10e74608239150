//! Where dense arithmetic runs: finds the device a recipe asks for, or says why not.

use candle_core::Device;

use crate::cx::Cx;
use crate::recipe::ComputeDevice;

/// A device this build can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Name in recipes and on the command line: `cpu`, `cuda:0`, `metal`.
    pub name: String,
    /// What it is.
    pub description: String,
}

/// The device of the context. One that is absent is a warning and the CPU.
pub fn select(cx: &Cx) -> Device {
    match cx.device {
        ComputeDevice::Cpu => Device::Cpu,
        ComputeDevice::Auto => first_gpu().unwrap_or(Device::Cpu),
        ComputeDevice::Cuda(ordinal) => Device::new_cuda(ordinal as usize).unwrap_or_else(|_| {
            let hint = if cfg!(feature = "cuda") {
                "no such card was found"
            } else {
                "this build has no CUDA support (build with --features cuda)"
            };
            cx.warn(format!("The device cuda:{ordinal} was asked for but {hint}; the CPU is used instead."));
            Device::Cpu
        }),
        ComputeDevice::Metal => Device::new_metal(0).unwrap_or_else(|_| {
            let hint = if cfg!(feature = "metal") {
                "no Apple GPU was found"
            } else {
                "this build has no Metal support (build with --features metal)"
            };
            cx.warn(format!("The device metal was asked for but {hint}; the CPU is used instead."));
            Device::Cpu
        }),
    }
}

/// Name of a device as in recipes: `cpu`, `cuda:0`, `metal`.
pub fn name(device: &Device) -> String {
    match device {
        Device::Cpu => "cpu".to_owned(),
        Device::Cuda(_) => match device.location() {
            candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
            _ => "cuda".to_owned(),
        },
        Device::Metal(_) => "metal".to_owned(),
    }
}

/// Every device this build can use on this machine, the CPU first.
pub fn available() -> Vec<DeviceInfo> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpu = DeviceInfo { name: "cpu".to_owned(), description: format!("{cores} cores") };
    let gpu = first_gpu().map(|gpu| DeviceInfo { name: name(&gpu), description: "GPU".to_owned() });
    std::iter::once(cpu).chain(gpu).collect()
}

fn first_gpu() -> Option<Device> {
    if cfg!(feature = "cuda") {
        Device::new_cuda(0).ok()
    } else if cfg!(feature = "metal") {
        Device::new_metal(0).ok()
    } else {
        None
    }
}
