/**
 * Environments of child processes.
 *
 * The environment of this process holds the deployer's credentials, and a program shows the environment that it was
 * started with to every process of the same user (/proc/PID/environ). So no child inherits it: each gets the variables
 * that its program reads, and no others.
 */
import { tmpdir } from 'os';

export type Environment = Readonly<Record<string, string>>;

/** The variables of this process with one of these names. */
export function inherited(...names: readonly (string | RegExp)[]): Environment {
  const isNamed = (variable: string) => names.some((name) => (typeof name === 'string' ? variable === name : name.test(variable)));
  return Object.fromEntries(Object.entries(process.env).filter(([name, value]) => value !== undefined && isNamed(name))) as Environment;
}

/** Of curl, apt, Docker and others; some read them in lower case only. */
const PROXIES = /^(?:https?|ftp|all|no)_proxy$/i;

/** The dynamic loader's, for programs that do not start without, and Windows' own. */
const LOADING = ['LD_LIBRARY_PATH', 'SystemRoot'];

/** For programs of the system that read neither a network nor a user's settings: in English, so that their messages can be recognised. */
export function systemEnvironment(): Environment {
  return { ...inherited('PATH', 'TMPDIR', ...LOADING), LC_ALL: 'C' };
}

/** For Node.js running a file of this library. Yarn's Plug'n'Play sets NODE_OPTIONS. */
export function nodeEnvironment(): Environment {
  return inherited('NODE_OPTIONS', 'TMPDIR', ...LOADING);
}

/** For apt, which reads its settings and passwords from files that APT_CONFIG and HOME lead to. */
export function aptEnvironment(): Environment {
  return { ...inherited('PATH', 'HOME', 'TMPDIR', 'APT_CONFIG', PROXIES, ...LOADING), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

/** The names that container engines and the helpers of their registries read begin with these. */
const ENGINE = new RegExp(`^(?:${[
  'DOCKER', 'CONTAINER', 'CONTAINERS', 'CONTAINERD', 'PODMAN', 'BUILDAH', 'NERDCTL', 'FINCH', 'STORAGE', 'REGISTRY', 'XDG', 'LIMA', 'COLIMA',
  // credential helpers: docker-credential-ecr-login, -gcr, -acr
  'AWS', 'GOOGLE', 'CLOUDSDK', 'AZURE',
].join('|')})_`);

/**
 * For a container engine, which runs nothing of an image here: its own variables, and those of the credential helpers
 * that it starts to log in to a registry.
 */
export function engineEnvironment(): Environment {
  return inherited(
    'PATH', 'HOME', 'USER', 'LOGNAME', 'USERPROFILE', 'TMPDIR', 'LANG', 'SSH_AUTH_SOCK', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'DBUS_SESSION_BUS_ADDRESS',
    PROXIES, ENGINE, ...LOADING,
  );
}

/**
 * For trace commands: PATH and LD_LIBRARY_PATH of this process, which the program was found by, and fixed values for the rest.
 * The language is the one that glibc has on every machine; the time zone is Lambda's.
 *
 * @param directory the command's own, empty
 */
export function traceEnvironment(directory: string): Environment {
  return { ...inherited('PATH', 'LD_LIBRARY_PATH'), HOME: directory, TMPDIR: tmpdir(), LANG: 'C.UTF-8', TZ: ':UTC' };
}
