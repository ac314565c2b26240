/** Signals that may end a container, by operating system. */
const NAMED =
  "SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL " +
  "SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 " +
  "SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN SIGRTMAX";

const span = (prefix: string, last: number): string[] =>
  Array.from({ length: last }, (_, index) => `${prefix}${index + 1}`);

export const LINUX_SIGNALS: readonly string[] = [
  ...NAMED.split(" "),
  ...span("SIGRTMIN+", 15),
  ...span("SIGRTMAX-", 14),
];
export const WINDOWS_SIGNALS: readonly string[] = ["SIGKILL", "SIGTERM"];
