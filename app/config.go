package app

import (
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"
)

// Config is every flag of every command; each has an environment variable
// UNITY_… and a default. What a person chooses while it runs is in the settings.
type Config struct {
	DataDir string `help:"Where the database, the master key and the lock are." env:"UNITY_DATA_DIR" default:"${data_dir}" type:"path"`

	ReleaseKey string `help:"A file with minisign public keys whose programs are trusted, beside the one that is built in." env:"UNITY_RELEASE_KEY" default:"/etc/unity/release.pub" type:"path"`

	Serve    Serve       `cmd:"" default:"withargs" help:"Run the appliance (the default)."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the database to this version's schema, after a checkpoint copy."`
	Backup   backupCmd   `cmd:"" help:"Write a consistent copy of the database to a file."`
	Restore  restoreCmd  `cmd:"" help:"Make a data directory from a replica, or from a file that backup wrote."`
	Kit      kitCmd      `cmd:"" help:"Write a recovery kit: a file that brings the appliance back, sealed with a passphrase."`
	Upgrade  upgradeCmd  `cmd:"" help:"Verify a new version, try it and keep it if it is well; else everything is as before."`
	Rollback rollbackCmd `cmd:"" help:"Go back to the checkpoint from before the last migration or restore."`
	User     userCmd     `cmd:"" help:"List users, unlock one, set a password, or print a link that signs in."`
	Tenant   tenantCmd   `cmd:"" help:"Create, list, suspend, activate, delete, export and import tenants."`
	Vault    vaultCmd    `cmd:"" help:"Rotate the keys that seal secrets."`
	API      apiCmd      `cmd:"" name:"api" help:"Send one request to an appliance, here or elsewhere, with an API key."`
	SetupURL setupCmd    `cmd:"" name:"setup-url" help:"Print the address where the first user is made."`
	Doctor   doctorCmd   `cmd:"" help:"Check the data directory, the database, the audit and the vault."`
	Support  supportCmd  `cmd:"" help:"Write a file for somebody who helps: how the appliance is, without secrets and names."`
	Health   healthCmd   `cmd:"" help:"Ask the appliance how it is; the exit code is 0 while it serves."`
	Licenses licensesCmd `cmd:"" help:"Print the licences of Unity and of what it is made of."`

	Man         manCmd         `cmd:"" hidden:"" help:"Print the manual page."`
	Completions completionsCmd `cmd:"" hidden:"" help:"Print the completion script of a shell."`
	Complete    completeCmd    `cmd:"" hidden:"" help:"Print the words that may come next."`
}

// Serve is what the appliance needs to know before it can read its settings.
type Serve struct {
	HTTP           string        `name:"http" help:"Plain HTTP: all of it for this box, for the LAN only how to trust the certificate; auto: port 80, or else 8080; empty: none." env:"UNITY_HTTP" default:"auto"`
	HTTPS          string        `name:"https" help:"HTTPS for the LAN; auto: port 443, or else 8443; empty: none." env:"UNITY_HTTPS" default:"auto"`
	TLS            string        `name:"tls" help:"Who signs certificates: internal (the appliance's own CA), acme, manual, or off, behind a proxy; without it, what is chosen on the page." env:"UNITY_TLS" enum:",internal,acme,manual,off" default:""`
	PublicURL      string        `help:"The base of links in mails, as in https://unity.example.org; a setting, too." env:"UNITY_PUBLIC_URL"`
	MultiTenancy   bool          `help:"Let many tenants share this appliance; a setting, too." env:"UNITY_MULTI_TENANCY"`
	MetricsToken   string        `help:"A file with the token that opens /metrics to other machines." env:"UNITY_METRICS_TOKEN" type:"path"`
	PassphraseFile string        `help:"A file with the passphrase that opens the vault, in place of master.key." env:"UNITY_PASSPHRASE_FILE" type:"path"`
	TrustedProxies []string      `name:"trusted-proxy" help:"An address or network whose X-Forwarded headers are believed." env:"UNITY_TRUSTED_PROXY"`
	RateLimit      int           `help:"Requests a second that one address may send; 0: no limit, not of sign-ins either." env:"UNITY_RATE_LIMIT" default:"100"`
	ForwardPorts   portRange     `help:"At which ports of this appliance those of pods may be opened, as FROM-TO; empty: any." env:"UNITY_FORWARD_PORTS" placeholder:"FROM-TO"`
	UpgradeStart   time.Duration `help:"How long a new version may take to get ready, without a migration." env:"UNITY_UPGRADE_START" default:"60s"`
	UpgradeWatch   time.Duration `help:"How long a new version must be well before it stays." env:"UNITY_UPGRADE_WATCH" default:"10s"`
	Demo           bool          `help:"Serve a household and a club that do not exist, with simulated machines, to this box; all is gone when it stops. Its password is printed." env:"UNITY_DEMO"`
	Replica        `embed:""`
	LogLevel       string `help:"debug, info, warn or error." env:"UNITY_LOG_LEVEL" enum:"debug,info,warn,error" default:"info"`
}

// dataDir is where the data are when nobody says: where systemd says, else
// /var/lib/unity for root, else in the home of the user.
func dataDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return "/var/lib/unity"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "unity")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "unity-data"
	}
	return filepath.Join(home, ".local", "share", "unity")
}

// parser returns the command line of c.
func parser(c *Config) (*kong.Kong, error) {
	return kong.New(c, kong.Name("unity"),
		kong.Description("The appliance a homelab runs on. Without a command it serves."),
		kong.Vars{"data_dir": dataDir()}, kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}
