/**
 * AWS Lambda's quotas, reserved names in `/opt`, and environment.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */

/** The quota for a function with all its layers, unpacked, in bytes (250 MiB). */
export const MOST_BYTES = 262_144_000;

/** Size of `/tmp` in a function that sets no `ephemeralStorageSize`, in bytes (512 MiB). */
export const EPHEMERAL_BYTES = 512 * 1024 * 1024;

/** The largest `/tmp` that a function may have, in bytes (10,240 MiB). */
export const MOST_EPHEMERAL_BYTES = 10_240 * 1024 * 1024;

/** The directory into which Lambda unpacks layers. */
export const OPT = '/opt/';

/** Names in `/opt` with a meaning to Lambda: on PATH, on LD_LIBRARY_PATH, on a runtime's module path, or started as an extension. */
export const RESERVED_NAMES: readonly string[] = ['bin', 'lib', 'python', 'nodejs', 'java', 'ruby', 'extensions'];

/** The environment of every process of a function. A runtime adds variables of its own. */
export const ENVIRONMENT = {
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  LAMBDA_TASK_ROOT: '/var/task',
  LAMBDA_RUNTIME_DIR: '/var/runtime',
  AWS_LAMBDA_FUNCTION_NAME: 'trial',
  AWS_REGION: 'us-east-1',
};
