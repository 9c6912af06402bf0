package place

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// partSize is the size from which on an object is sent in parts: S3 allows
// 10,000 of them, which makes 80 GB.
const partSize = 8 << 20

// written is the metadata in which Litestream keeps when a file was written.
const written = "litestream-timestamp"

// bucket keeps everything in a bucket of S3 or of what is like it.
type bucket struct {
	api          *s3.Client
	name, prefix string
	idle         func() // closes the connections that nobody uses
}

// newBucket makes the client. Stores that are not Amazon's get neither
// trailing checksums nor chunked signatures, which many of them do not know.
// AWS_CA_BUNDLE is honoured by the SDK, whose transport this is.
func newBucket(ctx context.Context, u *url.URL, c Config, secret []byte) (*bucket, error) {
	var transport atomic.Pointer[http.Transport]
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.DialContext, t.TLSHandshakeTimeout, t.IdleConnTimeout = dial, connecting, idle
		transport.Store(t)
	})
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithHTTPClient(client), awsconfig.WithRetryer(retryer)}
	if c.Region != "" {
		options = append(options, awsconfig.WithRegion(c.Region))
	}
	if c.AccessKey != "" {
		options = append(options, awsconfig.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, strings.TrimSpace(string(secret)), "")))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, errEnvironment.Because(err)
	}
	if c.AccessKey == "" {
		cfg.Credentials = outside{cfg.Credentials}
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // what other stores than Amazon's go by
	}
	api := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})
	return &bucket{api: api, name: u.Host, prefix: strings.Trim(u.Path, "/"), idle: func() {
		if t := transport.Load(); t != nil {
			t.CloseIdleConnections()
		}
	}}, nil
}

// outside are keys that come from the environment, a file or the machine.
type outside struct{ aws.CredentialsProvider }

// Retrieve marks what goes wrong: it is not the store that refuses.
func (o outside) Retrieve(ctx context.Context) (aws.Credentials, error) {
	keys, err := o.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &noKeysError{err}
	}
	return keys, err
}

// noKeysError says that there are no keys.
type noKeysError struct{ err error }

func (e *noKeysError) Error() string { return e.err.Error() }
func (e *noKeysError) Unwrap() error { return e.err }

// retryer tries again what a moment may mend, but not what took its time already.
func retryer() aws.Retryer {
	return awsretry.NewStandard(func(o *awsretry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = 3, time.Second
		o.Retryables = append([]awsretry.IsErrorRetryable{awsretry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if timedOut(err) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

func (b *bucket) key(name string) *string { return aws.String(path.Join(b.prefix, name)) }

func (b *bucket) open(ctx context.Context, name string, offset, size int64) (io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: b.key(name)}
	if offset > 0 || size > 0 {
		in.Range = aws.String(byteRange(offset, size))
	}
	out, err := b.api.GetObject(ctx, in)
	if code(err) == "InvalidRange" { // beyond the end
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	if err != nil {
		return nil, b.means(err, false)
	}
	return limit(out.Body, size), nil
}

func (b *bucket) read(ctx context.Context, name string) ([]byte, string, error) {
	out, err := b.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: b.key(name)})
	if err != nil {
		return nil, "", b.means(err, false)
	}
	defer out.Body.Close()
	data, err := readSmall(out.Body)
	return data, aws.ToString(out.ETag), err
}

// swap is not tried again by itself: after an answer that got lost, the second
// try would find its own object and call it somebody else's.
func (b *bucket) swap(ctx context.Context, name string, data []byte, tag string) (string, error) {
	in := &s3.PutObjectInput{Bucket: &b.name, Key: b.key(name), Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data)))}
	switch tag {
	case "":
	case Absent:
		in.IfNoneMatch = aws.String("*")
	default:
		in.IfMatch = aws.String(tag)
	}
	out, err := b.api.PutObject(ctx, in, func(o *s3.Options) {
		if tag != "" {
			o.Retryer = aws.NopRetryer{}
		}
	})
	switch c := code(err); {
	case err == nil:
		return aws.ToString(out.ETag), nil
	case c == "PreconditionFailed", c == "ConditionalRequestConflict", c == "NoSuchKey" && tag != "" && tag != Absent:
		return "", ErrChanged
	}
	return "", b.means(err, true)
}

func (b *bucket) create(ctx context.Context, name string, data []byte) error {
	_, err := b.swap(ctx, name, data, Absent)
	if errors.Is(err, ErrChanged) {
		return fs.ErrExist
	}
	return err
}

// put sends small files whole and large ones in parts.
func (b *bucket) put(ctx context.Context, name string, r io.Reader, at time.Time) (int64, error) {
	var meta map[string]string
	if !at.IsZero() {
		meta = map[string]string{written: at.Format(time.RFC3339Nano)}
	}
	var first bytes.Buffer
	n, err := io.CopyN(&first, &during{ctx, r}, partSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if n == partSize {
		n, err := b.sendParts(ctx, name, meta, first.Bytes(), &during{ctx, r})
		return n, b.means(err, true)
	}
	_, err = b.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: b.key(name), Body: bytes.NewReader(first.Bytes()), ContentLength: aws.Int64(n), Metadata: meta,
	})
	if err != nil {
		return 0, b.means(err, true)
	}
	return n, nil
}

// list takes what stands before a slash for a directory.
func (b *bucket) list(ctx context.Context, dir string) ([]Entry, error) {
	prefix := path.Join(b.prefix, dir)
	if prefix != "" {
		prefix += "/"
	}
	var all []Entry
	pages := s3.NewListObjectsV2Paginator(b.api, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(prefix), Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := b.page(ctx, pages)
		if err != nil {
			return nil, b.means(err, false)
		}
		for _, d := range page.CommonPrefixes {
			all = append(all, Entry{Name: path.Base(aws.ToString(d.Prefix)), Dir: true})
		}
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); key != prefix { // which some consoles make for a directory
				all = append(all, Entry{Name: path.Base(key), Size: aws.ToInt64(o.Size), Time: aws.ToTime(o.LastModified).UTC()})
			}
		}
	}
	return all, nil
}

func (b *bucket) page(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return pages.NextPage(ctx)
}

func (b *bucket) remove(ctx context.Context, name string) error {
	_, err := b.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: b.key(name)})
	return b.means(err, true)
}

func (b *bucket) keepsTimes() bool { return false }

// ltx is as Litestream's client for S3 has it, which differs from all others.
func (b *bucket) ltx(dir string, level int) string { return path.Join(dir, fmt.Sprintf("%04x", level)) }

func (b *bucket) close() error {
	b.idle()
	return nil
}
