package cluster

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/util/jsonpath"
)

// A definition is what is read of a CustomResourceDefinition.
type definition struct {
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind       string   `json:"kind"`
			Plural     string   `json:"plural"`
			ShortNames []string `json:"shortNames"`
		} `json:"names"`
		Versions []struct {
			Name    string    `json:"name"`
			Served  bool      `json:"served"`
			Storage bool      `json:"storage"`
			Columns []printed `json:"additionalPrinterColumns"`
		} `json:"versions"`
	} `json:"spec"`
}

// A printed column is one that kubectl shows of a custom object.
type printed struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Path string `json:"jsonPath"`
}

const definitions = "customresourcedefinitions.apiextensions.k8s.io"

func lookDefinition(_ context.Context, v *viewer) error {
	d, err := decode[definition](v.raw)
	if err != nil {
		return err
	}
	s := d.Spec
	v.fact("Kind", s.Names.Kind)
	v.fact("Group", s.Group)
	v.fact("Scope", s.Scope)
	v.fact("Short names", strings.Join(s.Names.ShortNames, ", "))
	for _, version := range s.Versions {
		text := version.Name
		if version.Storage {
			text += ", stored"
		}
		if !version.Served {
			text += ", not served"
		}
		v.fact("Version", text)
	}
	if t := v.near.all(kindName(s.Names.Plural, s.Group)); t != nil {
		v.fact("Objects", strconv.Itoa(len(t)))
	}
	return nil
}

// lookCustom shows of a custom object what its definition has kubectl print.
func lookCustom(ctx context.Context, v *viewer) error {
	k := v.out.Kind
	_, _, raw, err := v.link.read(ctx, Ref{Kind: definitions, Name: k.Resource + "." + k.Group})
	if err != nil { // an extension of the API has no definition
		v.beside("Columns", err)
		return nil
	}
	d, err := decode[definition](raw)
	if err != nil {
		return err
	}
	var o any
	if err := utiljson.Unmarshal(v.raw, &o); err != nil {
		return errStrange.Because(err)
	}
	for _, version := range d.Spec.Versions {
		if version.Name != k.Version {
			continue
		}
		for _, c := range version.Columns {
			v.printed(c, o)
		}
	}
	return nil
}

// printed adds one column.
func (v *viewer) printed(c printed, o any) {
	p := jsonpath.New(c.Name).AllowMissingKeys(true)
	if p.Parse("{"+c.Path+"}") != nil {
		return // a definition may say anything
	}
	found, err := p.FindResults(o)
	if err != nil {
		return
	}
	var texts []string
	for _, group := range found {
		for _, one := range group {
			if one.IsValid() && one.CanInterface() && one.Interface() != nil {
				texts = append(texts, fmt.Sprint(one.Interface()))
			}
		}
	}
	text := strings.Join(texts, ", ")
	if c.Type == "date" {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			v.moment(c.Name, at)
			return
		}
	}
	v.fact(c.Name, text)
}
