/**
 * Files that are never packed unless `include` names them: they are private, temporary, or describe the machine they are on.
 */
const MACHINE_SPECIFIC = new RegExp(
  '^(?:' +
    [
      '/(?:home|root|proc|sys|dev|run|tmp|mnt|media|boot|lost\\+found)',
      '/var/(?:tmp|run|lock|log|spool|mail|backups|crash)',
      // programs regenerate caches (Filesystem Hierarchy Standard 3.0, 5.5), and fontconfig's caches name directories outside the layer
      '/var/cache',
      '/var/lib/(?:dpkg|apt|apk|rpm|dnf|systemd|private|ucf)',
      // the identity of the machine, and the data that it received at its first start
      '/var/lib/(?:dbus|cloud|NetworkManager|dhcp|dhcpcd|sss|amazon|waagent|misc/random-seed)',
      '/etc/(?:ssh/ssh_host_.*|iscsi|wpa_supplicant|NetworkManager|netplan|krb5\\.keytab)',
      '/(?:usr/)?lib/(?:apk|sysimage)',
      '/etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-?',
      '/etc/(?:hosts|hostname|networks|hostid|machine-info|host\\.conf|resolv\\.conf|nsswitch\\.conf)',
      '/etc/(?:machine-id|localtime|timezone|adjtime)',
      '/etc/(?:mtab|fstab|environment|motd|issue|issue\\.net|shells|securetty|sudoers|sudoers\\.d)',
      '/etc/(?:ld\\.so\\.cache|ld\\.so\\.conf|ld\\.so\\.conf\\.d|ld\\.so\\.preload)',
      '/etc/(?:apt|pam\\.d|security|cron\\.[a-z]+|init\\.d|rc[0-9S]\\.d|systemd|skel)',
    ].join('|') +
    ')(?:/|$)',
);

export function isMachineSpecific(file: string): boolean {
  return MACHINE_SPECIFIC.test(file);
}
