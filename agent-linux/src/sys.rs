//! The few calls of the system that have no safe form.
//!
//! The only file of Bartizan that may say `unsafe`. Each block gives its
//! reason; everything that is offered is safe to call.
#![allow(unsafe_code, reason = "system calls without a safe form; each block says why it is sound")]

use bartizan_core::follow::dated::LocalTime;
use nix::libc;
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd};

/// What the kernel says of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStat {
    /// Number of the device.
    pub device: u64,
    /// Number of the inode.
    pub inode: u64,
    /// Nanoseconds since 1970 when it was created; 0 where that is not known.
    pub born: u64,
    /// Nanoseconds since 1970 when it was written last.
    pub modified: u64,
    /// Bytes.
    pub size: u64,
    /// Kind and permissions, as `st_mode`.
    pub mode: u32,
}

/// The file of a path, or with an empty path the one behind a descriptor.
/// The standard library asks for the time of birth only with one C library.
pub fn stat(file: Option<BorrowedFd<'_>>, path: &CStr) -> io::Result<FileStat> {
    stat::with_birth(file, path).or_else(|error| match error.raw_os_error() {
        // Kernels before 4.11, and containers that refuse the call.
        Some(libc::ENOSYS | libc::EPERM) => stat::without_birth(file, path),
        _ => Err(error),
    })
}

mod stat {
    use super::FileStat;
    use nix::fcntl::{AT_FDCWD, AtFlags};
    use nix::libc;
    use nix::sys::stat::{FileStat as Plain, fstat, fstatat};
    use std::ffi::CStr;
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd};

    /// `struct statx_timestamp` of linux/stat.h.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct Stamp {
        seconds: i64,
        nanoseconds: u32,
        reserved: i32,
    }

    /// `struct statx` of linux/stat.h: the same on every architecture.
    #[repr(C)]
    #[derive(Default)]
    struct Statx {
        mask: u32,
        block_size: u32,
        attributes: u64,
        links: u32,
        uid: u32,
        gid: u32,
        mode: u16,
        spare0: u16,
        inode: u64,
        size: u64,
        blocks: u64,
        attributes_mask: u64,
        read: Stamp,
        born: Stamp,
        changed: Stamp,
        modified: Stamp,
        rdev: [u32; 2],
        device: [u32; 2],
        spare1: [u64; 14],
    }

    const _: () = assert!(size_of::<Statx>() == 256);

    /// `STATX_BASIC_STATS | STATX_BTIME`.
    const WANTED: u32 = 0xFFF;
    /// `STATX_BTIME`.
    const BIRTH: u32 = 0x800;

    fn nanoseconds(seconds: i64, nanoseconds: i64) -> u64 {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(nanoseconds).unwrap_or(0))
    }

    pub(super) fn with_birth(file: Option<BorrowedFd<'_>>, path: &CStr) -> io::Result<FileStat> {
        let mut found = Statx::default();
        let folder = file.map_or(libc::AT_FDCWD, |file| file.as_raw_fd());
        let flags = if path.is_empty() { libc::AT_EMPTY_PATH } else { 0 };
        // SAFETY: `path` is a C string and `found` is of the size and layout
        // that the kernel writes; both live as long as the call.
        let result =
            unsafe { libc::syscall(libc::SYS_statx, folder, path.as_ptr(), flags, WANTED, &raw mut found) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let stamp = |stamp: Stamp| nanoseconds(stamp.seconds, stamp.nanoseconds.into());
        let [major, minor] = found.device;
        Ok(FileStat {
            device: u64::from(major) << 32 | u64::from(minor),
            inode: found.inode,
            born: if found.mask & BIRTH != 0 { stamp(found.born) } else { 0 },
            modified: stamp(found.modified),
            size: found.size,
            mode: found.mode.into(),
        })
    }

    pub(super) fn without_birth(file: Option<BorrowedFd<'_>>, path: &CStr) -> io::Result<FileStat> {
        let found: Plain = match file {
            Some(file) if path.is_empty() => fstat(file)?,
            _ => fstatat(AT_FDCWD, path, AtFlags::empty())?,
        };
        // The types of these differ between architectures.
        #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "needed on some")]
        Ok(FileStat {
            device: found.st_dev as u64,
            inode: found.st_ino as u64,
            born: 0,
            modified: nanoseconds(found.st_mtime.into(), found.st_mtime_nsec as i64),
            size: found.st_size as u64,
            mode: found.st_mode.into(),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn both_ways_of_asking_agree() {
            let path = c"/proc/self/exe";
            let (new, old) = (with_birth(None, path).unwrap(), without_birth(None, path).unwrap());
            assert_eq!(
                (new.inode, new.size, new.mode, new.modified),
                (old.inode, old.size, old.mode, old.modified)
            );
        }
    }
}

/// Standard input (0) or output (1) as it is: the buffers of the standard
/// library are 3 KB of program and of no use to one text.
pub fn standard(number: u8) -> ManuallyDrop<File> {
    // SAFETY: the standard library opens these at the start if they are not
    // open, and nobody closes them; this one is never dropped.
    ManuallyDrop::new(unsafe { File::from_raw_fd(number.into()) })
}

/// The date and time of this machine's zone at so many seconds since 1970.
pub fn local_time(seconds: u64) -> LocalTime {
    // SAFETY: a `tm` is numbers and a pointer, for which zero is a value.
    let mut time: libc::tm = unsafe { std::mem::zeroed() };
    let seconds = seconds as _;
    // SAFETY: both point to values that live as long as the call. The process
    // has one thread, so nobody changes the zone meanwhile.
    unsafe { libc::localtime_r(&raw const seconds, &raw mut time) };
    LocalTime {
        year: (time.tm_year + 1900) as u16,
        month: (time.tm_mon + 1) as u8,
        day: time.tm_mday as u8,
        hour: time.tm_hour as u8,
        minute: time.tm_min as u8,
        second: time.tm_sec as u8,
        weekday: time.tm_wday as u8,
        day_of_year: time.tm_yday as u16,
    }
}

/// Of all capabilities that this process may use, keeps only that to change
/// the packet filter and routes, and does not use it itself: it is there to be
/// lent. `Ok(false)` where that cannot be; then none is kept.
pub fn keep_network_admin() -> io::Result<bool> {
    let lendable = || capabilities::lend(true).and_then(|()| capabilities::lend(false));
    let is_kept = capabilities::keep(capabilities::NET_ADMIN_BIT).and_then(|()| lendable()).is_ok();
    if !is_kept {
        capabilities::keep(0)?;
    }
    Ok(is_kept)
}

/// Does something while programs that are started may change the packet filter
/// and routes, if [`keep_network_admin`] has kept that.
pub fn with_network_admin<T>(act: impl FnOnce() -> T) -> T {
    // Without it, what needs it fails and says so.
    let _ = capabilities::lend(true);
    let done = act();
    let _ = capabilities::lend(false);
    done
}

mod capabilities {
    use nix::libc;
    use std::io;

    /// `CAP_NET_ADMIN` of linux/capability.h.
    const NET_ADMIN: libc::c_ulong = 12;
    pub(super) const NET_ADMIN_BIT: u32 = 1 << NET_ADMIN;
    const NONE: libc::c_ulong = 0;

    /// `struct __user_cap_header_struct`, of `_LINUX_CAPABILITY_VERSION_3`.
    #[repr(C)]
    struct Header {
        version: u32,
        process: i32,
    }

    /// `struct __user_cap_data_struct`.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct Data {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }

    /// Keeps only these, to be lent.
    pub(super) fn keep(bits: u32) -> io::Result<()> {
        let header = Header { version: 0x2008_0522, process: 0 };
        let data = [Data { effective: 0, permitted: bits, inheritable: bits }, Data::default()];
        // SAFETY: version 3 reads one header and two parts of data, which live
        // as long as the call.
        let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Makes it ambient, so that a program that is started has it, or not.
    pub(super) fn lend(lend: bool) -> io::Result<()> {
        let how = if lend { libc::PR_CAP_AMBIENT_RAISE } else { libc::PR_CAP_AMBIENT_LOWER };
        let how = libc::c_ulong::try_from(how).unwrap_or_default();
        // SAFETY: takes numbers alone.
        let result = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, how, NET_ADMIN, NONE, NONE) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

/// What the process may still ask of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// Only what reading files and talking over sockets needs: no new program,
    /// no change of identity. For an agent that starts nothing.
    Narrow,
    /// Everything but what no log source needs: tracing others, modules,
    /// mounts, name spaces. Holds for commands that the agent starts, too.
    Wide,
}

/// Installs a system call filter for the rest of the process's life, and of
/// what it starts. A call that is refused fails with "operation not
/// permitted"; it does not end the process.
///
/// Errors: the kernel has no filters, or this processor has no list
/// (`Unsupported`); the process may still gain privileges (`EACCES`: set
/// "no new privileges" first).
pub fn confine(how: Confinement) -> io::Result<()> {
    filter::install(how)
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filter {
    use super::Confinement;
    use nix::libc::{self, c_long, sock_filter, sock_fprog};
    use std::io;

    /// Calls of [`Confinement::Narrow`].
    const NARROW: &[c_long] = &[
        // Files.
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_pwrite64,
        libc::SYS_lseek,
        libc::SYS_close,
        libc::SYS_openat,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_getdents64,
        libc::SYS_readlinkat,
        libc::SYS_faccessat,
        libc::SYS_fcntl,
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_ftruncate,
        libc::SYS_fallocate,
        libc::SYS_renameat,
        libc::SYS_renameat2,
        libc::SYS_unlinkat,
        libc::SYS_mkdirat,
        libc::SYS_fchmod,
        libc::SYS_getcwd,
        // Sockets and the loop.
        libc::SYS_epoll_create1,
        libc::SYS_epoll_ctl,
        libc::SYS_epoll_pwait,
        libc::SYS_eventfd2,
        libc::SYS_signalfd4,
        libc::SYS_pipe2,
        libc::SYS_ppoll,
        libc::SYS_ioctl,
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept4,
        libc::SYS_shutdown,
        libc::SYS_getsockname,
        libc::SYS_getpeername,
        libc::SYS_getsockopt,
        libc::SYS_setsockopt,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_recvmmsg,
        // Memory, time, signals, who we are, the end.
        libc::SYS_brk,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_uname,
        libc::SYS_sysinfo,
        libc::SYS_prlimit64,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_getuid,
        libc::SYS_geteuid,
        libc::SYS_getgid,
        libc::SYS_getegid,
        libc::SYS_tgkill,
        libc::SYS_tkill,
        libc::SYS_exit,
        libc::SYS_exit_group,
        // The older forms, which C libraries still use where they exist.
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_stat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_lstat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_access,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_readlink,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_unlink,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mkdir,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_chmod,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_time,
    ];

    /// Calls that [`Confinement::Wide`] refuses.
    const NOT_WIDE: &[c_long] = &[
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_add_key,
        libc::SYS_keyctl,
        libc::SYS_request_key,
    ];

    /// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64` of linux/audit.h.
    const ARCH: u32 = if cfg!(target_arch = "x86_64") { 0xC000_003E } else { 0xC000_00B7 };

    // Offsets in `struct seccomp_data`.
    const NUMBER_AT: u32 = 0;
    const ARCH_AT: u32 = 4;

    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

    const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

    const fn step(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
        sock_filter { code, jt, jf, k }
    }

    /// Listed numbers get one answer, all others the other; calls of another
    /// architecture's numbering are refused.
    fn program(how: Confinement) -> Vec<sock_filter> {
        let (list, listed, others) = match how {
            Confinement::Narrow => (NARROW, ALLOW, REFUSE),
            Confinement::Wide => (NOT_WIDE, REFUSE, ALLOW),
        };
        let mut program = vec![
            step(LOAD, 0, 0, ARCH_AT),
            step(IF_EQUAL, 1, 0, ARCH),
            step(RETURN, 0, 0, REFUSE),
            step(LOAD, 0, 0, NUMBER_AT),
        ];
        // Each comparison jumps over the rest and over the answer for others.
        let jumps = (0..list.len()).rev().map(|rest| rest as u8 + 1);
        program.extend(list.iter().zip(jumps).map(|(number, jump)| step(IF_EQUAL, jump, 0, *number as u32)));
        program.push(step(RETURN, 0, 0, others));
        program.push(step(RETURN, 0, 0, listed));
        program
    }

    // A jump is a byte.
    const _: () = assert!(NARROW.len() < 255 && NOT_WIDE.len() < 255);

    pub(super) fn install(how: Confinement) -> io::Result<()> {
        let mut program = program(how);
        let filter = sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
        // SAFETY: `filter` points to `program`, which outlives the call; the
        // kernel copies it and writes nothing.
        let result =
            unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// The answer of a program to a call, by the kernel's rules for the
        /// three instructions that are used.
        fn run(program: &[sock_filter], arch: u32, number: c_long) -> u32 {
            let (mut at, mut loaded) = (0, 0);
            loop {
                let step = program[at];
                at += 1;
                match step.code {
                    LOAD => loaded = if step.k == ARCH_AT { arch } else { number as u32 },
                    IF_EQUAL => at += usize::from(if loaded == step.k { step.jt } else { step.jf }),
                    RETURN => return step.k,
                    _ => unreachable!(),
                }
            }
        }

        #[test]
        fn a_narrow_agent_reads_and_starts_no_program() {
            let program = program(Confinement::Narrow);
            for number in NARROW {
                assert_eq!(run(&program, ARCH, *number), ALLOW);
            }
            for number in [libc::SYS_execve, libc::SYS_ptrace, libc::SYS_setuid, libc::SYS_clone] {
                assert_eq!(run(&program, ARCH, number), REFUSE);
            }
        }

        #[test]
        fn a_wide_agent_starts_programs_and_loads_no_module() {
            let program = program(Confinement::Wide);
            assert_eq!(run(&program, ARCH, libc::SYS_execve), ALLOW);
            for number in NOT_WIDE {
                assert_eq!(run(&program, ARCH, *number), REFUSE);
            }
        }

        #[test]
        fn another_numbering_of_calls_is_refused() {
            assert_eq!(run(&program(Confinement::Wide), 0x4000_0003, libc::SYS_read), REFUSE);
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter {
    use super::Confinement;
    use std::io;

    pub(super) fn install(_: Confinement) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
