package place

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// sendParts sends an object part by part; part is the first one. Nothing
// stands under its name before all are there.
func (b *bucket) sendParts(ctx context.Context, name string, meta map[string]string, part []byte, r io.Reader) (n int64, err error) {
	up, err := b.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: b.key(name), Metadata: meta})
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = b.abort(context.WithoutCancel(ctx), b.key(name), up.UploadId) // Sweep does it later
		}
	}()
	var parts []types.CompletedPart
	for last := false; !last; {
		number := aws.Int32(int32(len(parts)) + 1) //nolint:gosec // S3 refuses the 10,001st
		out, err := b.api.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.name, Key: b.key(name), UploadId: up.UploadId, PartNumber: number,
			Body: bytes.NewReader(part), ContentLength: aws.Int64(int64(len(part))),
		})
		if err != nil {
			return 0, err
		}
		n += int64(len(part))
		parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: number})
		more, err := io.ReadFull(r, part[:partSize])
		last = errors.Is(err, io.EOF)
		if err != nil && !last && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		part = part[:more]
	}
	_, err = b.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: b.key(name), UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return n, err
}

func (b *bucket) abort(ctx context.Context, key, id *string) error {
	ctx, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	_, err := b.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: key, UploadId: id})
	return err
}

// sweep ends the uploads in parts that nobody will finish: they are paid for
// and show in no list. There are no temporary names in a bucket.
func (b *bucket) sweep(ctx context.Context, dir string) error {
	prefix := path.Join(b.prefix, dir) + "/"
	pages := s3.NewListMultipartUploadsPaginator(b.api, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: aws.String(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "NotImplemented" {
			return nil
		}
		if err != nil {
			return b.means(err, true)
		}
		for _, u := range page.Uploads {
			if err := b.abort(ctx, u.Key, u.UploadId); err != nil && code(err) != "NoSuchUpload" {
				return b.means(err, true)
			}
		}
	}
	return nil
}

// code returns S3's word for an error.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// means adds to an error of S3 what it means.
func (b *bucket) means(err error, write bool) error {
	if err == nil {
		return nil
	}
	status := 0
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = e.HTTPStatusCode()
	}
	switch c := code(err); c {
	case "NoSuchKey":
		return errors.Join(fs.ErrNotExist, err)
	case "NoSuchBucket":
		return errors.Join(errNoBucket, err)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed", "InvalidSecurity":
		return errors.Join(errDenied, err)
	case "QuotaExceeded", "QuotaExceededException", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientCapacity", "StorageFull":
		return errors.Join(errFull, err)
	case "AccessDenied", "AllAccessDisabled", "MethodNotAllowed":
		if write {
			return errors.Join(errReadOnly, err)
		}
		return errors.Join(errDenied, err)
	}
	switch status {
	case http.StatusInsufficientStorage:
		return errors.Join(errFull, err)
	case http.StatusUnauthorized:
		return errors.Join(errDenied, err)
	}
	return err
}
